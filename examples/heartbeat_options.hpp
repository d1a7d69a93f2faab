// SPDX-License-Identifier: BSL-1.0
// The options of heartbeat, taken from the command line, so that command_line() finds only its own
// words there.
#ifndef EXAMPLES_HEARTBEAT_OPTIONS_HPP
#define EXAMPLES_HEARTBEAT_OPTIONS_HPP

#include <daemonizer/service/service_paths.hpp>
#include <daemonizer/service/take_option.hpp>

#include <chrono>
#include <cstdio>

struct HeartbeatOptions {
    HeartbeatOptions(int& argc, char** argv)
        : directory{daemonizer::take_option(argc, argv, "--dir")}
        , every{daemonizer::take_option(argc, argv, "--every")}
        , instance{daemonizer::take_option(argc, argv, "--instance")} {}

    // 0 where it makes no sense.
    auto pause() const -> std::chrono::seconds {
        long seconds = 10;
        char rest;
        const bool bad = every != nullptr && std::sscanf(every, "%ld%c", &seconds, &rest) != 1;
        return std::chrono::seconds{bad || seconds < 0 ? 0 : seconds};
    }

    const char* directory;
    const char* every;
    const char* instance;
    daemonizer::ServicePath pid_file =
        daemonizer::pid_file_path({"heartbeat", instance}, directory);
    daemonizer::ServicePath log = daemonizer::log_path({"heartbeat", instance}, directory);
};

#endif
