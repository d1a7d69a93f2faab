// SPDX-License-Identifier: BSL-1.0
// A daemon with a monitor, for the tests of it: daemon MODE DIRECTORY. It tells the test what it
// sees, as the tests of processes do, and does what MODE says.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <sys/stat.h>
#include <type_traits>
#include <vector>

using namespace daemonizer;

namespace {

constexpr int facts = 200, gate = 201;

/// Whether a restart is to end so before main() reaches run().
auto ends_early(const std::string& how) -> bool {
    const char* const wanted = std::getenv("RESTART_ENDS");
    return wanted != nullptr && wanted == how && std::getenv("DAEMONIZER_HANDOVER") != nullptr;
}

struct Table {
    Table() {
        if (!ends_early("in a constructor"))
            return;
        std::fputs("no table of words\n", stderr);
        std::abort();
    }
};
const Table table;

void tell(const std::string& fact) {
    const std::string line = fact + '\n';
    if (::write(facts, line.data(), line.size()) < 0)
        ::_exit(98);
}

void await_gate() {
    char byte;
    while (::read(gate, &byte, 1) < 0 && errno == EINTR) {
    }
}

/// It ignores SIGTERM from its first moment on.
void fork_deaf_worker() {
    sigset_t all, before;
    sigfillset(&all);
    ::sigprocmask(SIG_BLOCK, &all, &before);
    if (::fork() == 0)
        for (;;)
            ::pause();
    ::sigprocmask(SIG_SETMASK, &before, nullptr);
}

/// What a program finds when it is started.
void tell_surroundings(int argc, char** argv) {
    std::string all;
    for (int i = 1; i != argc; ++i)
        all += std::string{"["} + argv[i] + "]";
    char here[4096];
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const char* const variable = std::getenv("VARIABLE");
    tell("started " + all + " in " + ::getcwd(here, sizeof here) + " umask " +
         std::to_string(mask) + " variable " + (variable == nullptr ? "none" : variable) +
         (std::getenv("DAEMONIZER_HANDOVER") == nullptr ? "" : " handover"));
}

template <class... More>
auto run(const std::string& mode, const std::string& directory, const More&... more) -> int {
    const std::string pid = directory + "/x.pid", log = directory + "/x.log";
    const std::string again = directory + "/again";
    std::vector<char> ballast;
    if (mode == "ballast" || mode == "large ballast")
        ballast.assign(std::size_t{mode == "ballast" ? 64U : 1024U} << 20, 'x');
    const auto body = [&](auto& daemon) -> int {
        tell("daemon " + std::to_string(::getpid()));
        if (mode.starts_with("deaf worker"))
            fork_deaf_worker();
        if (mode == "fails at first" || mode == "deaf worker, fails")
            return daemon.fail(3, "no configuration");
        if (mode == "is killed at first" || mode == "deaf worker, is killed")
            ::raise(SIGSEGV);
        if (mode == "tells a manager" && ::access(again.c_str(), F_OK) == 0)
            return daemon.fail(4, "no configuration any more");
        if (mode == "fails again" && ::access(again.c_str(), F_OK) == 0)
            return daemon.fail(4, "no configuration any more");
        if (mode == "hangs" || (mode == "hangs again" && ::access(again.c_str(), F_OK) == 0))
            await_gate();
        daemon.status("loading");
        if constexpr ((std::is_same_v<More, SystemdNotify> || ...))
            daemon.extend_timeout(std::chrono::seconds{7});
        daemon.ready();
        tell("ready");
        for (;;) {
            const int signal = daemon.wait();
            tell("signal " + std::to_string(signal));
            if (signal == SIGTERM)
                return mode == "ends with 7" ? 7 : 0;
            if (signal == SIGUSR1)
                return mode == "leaves with 0" ? 0 : 5;
            if (signal == SIGUSR2 && ::fork() == 0) {
                tell("worker " + std::to_string(::getpid()));
                for (;;)
                    ::pause();
            }
        }
    };
    return Daemonizer{PidFile{pid}, LogStdio{log}, SignalFd<SIGTERM, SIGHUP, SIGUSR1, SIGUSR2>{},
                      CloseDescriptors<facts, gate>{}, more...}
        .run(body);
}

template <class... More>
auto run_simply(const std::string& directory, const More&... more) -> int {
    const std::string pid = directory + "/x.pid";
    return Daemonizer{PidFile{pid}, SignalFd<SIGTERM>{}, CloseDescriptors<facts, gate>{}, more...}
        .run([](auto& daemon) -> int {
            tell("daemon " + std::to_string(::getpid()));
            daemon.ready();
            return daemon.wait() == SIGTERM ? 0 : 1;
        });
}

} // namespace

int main(int argc, char** argv) {
    if (argc != 3 || ends_early("by its usage")) {
        std::fputs("usage: daemon MODE DIRECTORY\n", stderr);
        return 2;
    }
    tell_surroundings(argc, argv);
    ::setenv("VARIABLE", "changed", 1);
    const std::string mode = argv[1], directory = argv[2];
    if (mode == "clears" || mode == "restart")
        ::clearenv();
    if (mode == "hangs again" || mode == "hangs" || mode.starts_with("deaf worker"))
        return run(mode, directory, Monitor<2, 60>{}, StartTimeout<1>{});
    if (mode == "one fork")
        return run(mode, directory, Monitor<2, 60>{}, SingleFork{});
    if (mode == "nobody")
        return run(mode, directory, Monitor<2, 60>{}, RunAs{65534, 65534});
    if (mode == "log lines")
        return run(mode, directory, Monitor<2, 60>{}, StderrLog{});
    if (mode == "tells finit")
        return run(mode, directory, Monitor<2, 60>{}, SystemdNotify{});
    if (mode == "tells a manager")
        return run(mode, directory, Monitor<2, 60>{}, SystemdNotify{}, Watchdog{});
    if (mode == "notifies" || mode == "notifies and forks") {
        const DescriptorNotify notify{std::atoi(std::getenv("NOTIFY_FD"))};
        return mode == "notifies" ? run(mode, directory, Monitor<2, 60>{}, AutoFork{}, notify)
                                  : run(mode, directory, Monitor<2, 60>{}, notify);
    }
    if (mode == "journal")
        return run_simply(directory, JournalStdio{mode}, Monitor<1, 60>{});
    if (mode == "keeps stdio")
        return run_simply(directory, KeepStdio{}, IgnoreSignals<SIGPIPE>{}, Monitor<1, 60>{});
    if (mode == "keeps signals") {
        const std::string pid = directory + "/x.pid";
        return Daemonizer{PidFile{pid}, KeepSignals{}, Monitor<2, 60>{},
                          CloseDescriptors<facts, gate>{}}
            .run([](auto& daemon) -> int {
                tell("daemon " + std::to_string(::getpid()));
                daemon.ready();
                for (;;)
                    ::pause();
            });
    }
    if (mode == "restart" || mode == "start") { // as words of command_line()
        const std::string pid = directory + "/x.pid", log = directory + "/x.log";
        const Daemonizer service{PidFile{pid}, LogStdio{log}, SignalFd<SIGTERM>{}, Monitor<2, 60>{},
                                 CloseDescriptors<facts, gate>{}};
        const auto body = [](auto& daemon) {
            tell("daemon " + std::to_string(::getpid()));
            daemon.ready();
            tell("ready");
            daemon.wait();
            return 0;
        };
        return command_line(service, 2, argv, body, {.lsb = true});
    }
    return run(mode, directory, Monitor<2, 60>{});
}
