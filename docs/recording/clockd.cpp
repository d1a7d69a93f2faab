// SPDX-License-Identifier: BSL-1.0
// The program that the recording shows: it reads a configuration and loads something before it is
// ready.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <thread>
#include <unistd.h>

using namespace daemonizer;

using Clockd = Daemonizer<PidFile<"clockd.pid">, LogStdio<"clockd.log">, KeepDirectory,
                          SignalFd<SIGTERM, SIGHUP>>;

int main(int argc, char** argv) {
    const auto body = [](auto& daemon) {
        if (access("clockd.conf", R_OK) != 0)
            return daemon.fail(3, "there is no clockd.conf");
        char line[40];
        for (int percent = 0; percent <= 100; percent += 10) {
            std::snprintf(line, sizeof line, "reading the time zones: %d %%", percent);
            daemon.status(line);
            std::this_thread::sleep_for(std::chrono::milliseconds{200});
        }
        daemon.ready();
        while (daemon.wait() != SIGTERM) {
        }
        return 0;
    };
    return command_line(Clockd{}, argc, argv, body, {.about = "keeps the time"});
}
