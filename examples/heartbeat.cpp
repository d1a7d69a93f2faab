// SPDX-License-Identifier: BSL-1.0
// The classical demonstration: a daemon that says every ten seconds that it is alive.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include "heartbeat_options.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>

int main(int argc, char** argv) {
    using namespace daemonizer;
    const HeartbeatOptions options{argc, argv};
    if (options.pause().count() == 0) {
        std::fputs("heartbeat: --every: a whole number of seconds above 0 is needed\n", stderr);
        return 2;
    }

    const Daemonizer service{PidFile{options.pid_file.c_str()}, LogStdio{options.log.c_str()},
                             SignalFd<SIGTERM, SIGHUP>{}};
    const auto beat = [&](auto& daemon) {
        std::printf("Daemon started with pid %d\n", daemon.pid());
        std::fflush(stdout);
        daemon.ready();
        for (int signal = 0; signal != SIGTERM; signal = daemon.wait_for(options.pause())) {
            if (signal == SIGHUP)
                daemon.reopen();
            const std::time_t now = std::time(nullptr);
            std::printf("Daemon Alive! %s", std::ctime(&now));
            std::fflush(stdout);
        }
        return 0;
    };
    return command_line(service, argc, argv, beat,
                        {.about = "says every ten seconds that it is alive",
                         .options = "  --every SECONDS    between two beats (10)\n"
                                    "  --dir DIR          for the pid file and the log\n"
                                    "  --instance NAME    one of several heartbeats\n",
                         .version = "1.0"});
}
