// SPDX-License-Identifier: BSL-1.0
#ifndef EXAMPLES_STATE_PATH_HPP
#define EXAMPLES_STATE_PATH_HPP

#include <climits>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

// A file in the directory that was asked for, in the system's for root, or for everybody else in
// the one that the environment names, by default a place below HOME.
class StatePath {
public:
    StatePath(const char* directory, const char* of_root, const char* variable,
              const char* below_home, const char* name) {
        const char* below = "";
        if (directory == nullptr)
            directory = geteuid() == 0 ? of_root : std::getenv(variable);
        if (directory == nullptr && below_home != nullptr) {
            directory = std::getenv("HOME");
            below = below_home;
        }
        if (directory == nullptr || *directory == '\0')
            return;
        const int size = std::snprintf(path_, sizeof path_, "%s%s/%s", directory, below, name);
        if (size >= static_cast<int>(sizeof path_))
            path_[0] = '\0';
    }
    explicit operator bool() const { return path_[0] != '\0'; }
    operator const char*() const { return path_; }

private:
    char path_[PATH_MAX] = "";
};

#endif
