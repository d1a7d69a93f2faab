// SPDX-License-Identifier: BSL-1.0
// The service that the scripts beside this file control: counts into its log, a line a millisecond,
// and ends the count with "end".
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <string>

int main(int argc, char** argv) {
    using namespace daemonizer;
    const char* const given = take_option(argc, argv, "--dir");
    const std::string directory = given == nullptr ? "." : given;
    const std::string pid_file = directory + "/service.pid", log = directory + "/service.log";
    const Daemonizer service{PidFile{pid_file.c_str()}, LogStdio{log.c_str()},
                             SignalFd<SIGTERM, SIGHUP>{}};
    const auto count = [](auto& daemon) {
        daemon.ready();
        for (long line = 1;; ++line) {
            std::printf("%ld\n", line);
            std::fflush(stdout);
            const int signal = daemon.wait_for(std::chrono::milliseconds{1});
            if (signal == SIGTERM)
                return std::puts("end") < 0 || std::fflush(stdout) != 0 ? 1 : 0;
            if (signal == SIGHUP)
                daemon.reopen();
        }
    };
    return command_line(service, argc, argv, count);
}
