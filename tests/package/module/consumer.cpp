// SPDX-License-Identifier: BSL-1.0
// A daemon's whole life by import alone. The compiler of the module must find all that it needs.
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

import daemonizer;

using namespace daemonizer;

// A policy of one's own: what its author needs is exported, too.
struct Greeting {
    struct slot : own_slot {
        static constexpr const char* name = "greeting";
    };
    struct Say : step<phase::check> {
        static constexpr const char* name = "greeting";
        static auto run(const auto& start, const Greeting&) -> bool {
            return printf("hello\n") > 0 || start.fail("printf", 1);
        }
    };
    using steps = step_list<Say>;
};
static_assert(Policy<Greeting>);

using Service = Daemonizer<Greeting, PidFile<"module.pid">, SignalFd<SIGTERM, SIGHUP>>;

// Compiled, not run: what these need of the headers is exported, or reachable, too.
[[gnu::used]] static int start_confined(const char* path) {
    const Daemonizer service{
        HandoffFork{},   LogStdio{path},  RunAs<"nobody">{},     Watchdog{},
        SystemdNotify{}, ListenSockets{}, SignalFlag<SIGTERM>{}, NoNewPrivileges{}};
    return service.run([] {});
}
[[gnu::used]] static int start_upgradable(const char* path) {
    const Daemonizer service{AutoFork{}, PidFile{path}, KeepSignals{}, Monitor<3, 60>{}};
    const Daemonizer other{PidFile{path}, Upgrade<SIGUSR2>{}, SignalFd<SIGTERM, SIGUSR2>{}};
    return service.run([] {}) + other.run([](auto& daemon) { daemon.upgrade(); });
}

// Starts the daemon, whose launcher is a child; finds it, stops it.
int main() {
    constexpr Service service;
    const pid_t launcher = fork();
    if (launcher == 0)
        return service.run([](auto& daemon) {
            daemon.ready();
            while (daemon.wait() != SIGTERM) {
            }
            return 0;
        });
    int status = 0;
    if (waitpid(launcher, &status, 0) != launcher || status != 0)
        return fprintf(stderr, "the launcher ends with %d\n", status), 1;
    const ServiceStatus running = daemonizer::status(service);
    if (running.lsb() != 0)
        return fprintf(stderr, "no daemon is running\n"), 1;
    const ControlResult stopped = stop(service);
    if (!stopped)
        return fprintf(stderr, "not stopped: %s\n", stopped.text()), 1;
    if (access("module.pid", F_OK) == 0)
        return fprintf(stderr, "a pid file is left\n"), 1;
    puts("started and stopped");
}
