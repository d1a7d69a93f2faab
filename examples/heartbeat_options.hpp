// SPDX-License-Identifier: BSL-1.0
#ifndef EXAMPLES_HEARTBEAT_OPTIONS_HPP
#define EXAMPLES_HEARTBEAT_OPTIONS_HPP

#include <daemonizer/take_option.hpp>

#include <chrono>
#include <climits>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

// A file in the directory that was asked for, in the system's for root, or for everybody else in
// the one that the environment names, else in one below HOME, which is made.
class StatePath {
public:
    StatePath(const char* directory, const char* of_root, const char* variable, const char* name) {
        const char* below = "";
        if (directory == nullptr)
            directory = geteuid() == 0 ? of_root : std::getenv(variable);
        if (directory == nullptr && (directory = std::getenv("HOME")) != nullptr)
            below = "/.local/state";
        if (directory == nullptr || *directory == '\0')
            return; // an empty path, which the start refuses
        std::snprintf(path_, sizeof path_, "%s%s/%s", directory, below, name);
        if (*below != '\0')
            make_directories(path_ + std::strlen(directory) + 1);
    }
    operator const char*() const { return path_; }

private:
    // Those of the XDG Base Directory Specification are made for the user alone. Where that fails,
    // opening the file will say why.
    void make_directories(char* from) {
        for (; *from != '\0'; ++from)
            if (*from == '/') {
                *from = '\0';
                mkdir(path_, 0700);
                *from = '/';
            }
    }

    char path_[PATH_MAX + 1] = ""; // what does not fit is still too long for the kernel
};

// Taken from the command line, so that command_line() finds only its own words there.
struct HeartbeatOptions {
    HeartbeatOptions(int& argc, char** argv)
        : directory{daemonizer::take_option(argc, argv, "--dir")}
        , every{daemonizer::take_option(argc, argv, "--every")} {}

    // 0 where it makes no sense.
    auto pause() const -> std::chrono::seconds {
        long seconds = 10;
        char rest;
        const bool bad = every != nullptr && std::sscanf(every, "%ld%c", &seconds, &rest) != 1;
        return std::chrono::seconds{bad || seconds < 0 ? 0 : seconds};
    }

    const char* directory;
    const char* every;
    StatePath pid_file{directory, "/run", "XDG_RUNTIME_DIR", "heartbeat.pid"};
    StatePath log{directory, "/var/log", "XDG_STATE_HOME", "heartbeat.log"};
};

#endif
