// SPDX-License-Identifier: BSL-1.0
// The classical demonstration: a daemon that says every ten seconds that it is alive.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include "state_path.hpp"

#include <chrono>

int main(int argc, char** argv) {
    using namespace daemonizer;
    const char* const directory = take_option(argc, argv, "--dir");
    const char* const every = take_option(argc, argv, "--every");
    const std::chrono::seconds pause{every == nullptr ? 10 : std::atol(every)};
    const StatePath pid_file{directory, "/run", "XDG_RUNTIME_DIR", nullptr, "heartbeat.pid"};
    const StatePath log{directory, "/var/log", "XDG_STATE_HOME", "/.local/state", "heartbeat.log"};
    if (pause.count() <= 0 || !pid_file || !log) {
        std::fprintf(stderr, "heartbeat: give --every SECONDS above 0, and --dir DIR where neither "
                             "root nor XDG_RUNTIME_DIR says where its files go\n");
        return 2;
    }
    const Daemonizer service{PidFile{pid_file}, LogStdio{log}, SignalFd<SIGTERM, SIGHUP>{}};
    const auto beat = [&](auto& daemon) {
        std::printf("Daemon started with pid %d\n", daemon.pid());
        std::fflush(stdout);
        daemon.ready();
        for (;;) {
            const std::time_t now = std::time(nullptr);
            std::printf("Daemon Alive! %s", std::ctime(&now));
            std::fflush(stdout);
            if (const int signal = daemon.wait_for(pause); signal == SIGTERM)
                return 0;
            else if (signal == SIGHUP)
                daemon.reopen();
        }
    };
    return command_line(service, argc, argv, beat,
                        {.about = "says every ten seconds that it is alive",
                         .options = "  --every SECONDS    between two beats (10)\n"
                                    "  --dir DIR          for the pid file and the log\n",
                         .version = "1.0"});
}
