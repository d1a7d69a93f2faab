// SPDX-License-Identifier: BSL-1.0
// For a process that inherits every orphan of what it starts.
#pragma once

#include <csignal>
#include <ctime>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>

/// Nanoseconds of CLOCK_MONOTONIC, which all processes of a machine share; no system call.
inline auto now() -> long long {
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

/// Tries `condition` again and again, for at most five seconds.
template <class Condition>
auto comes_true(Condition condition) -> bool {
    const long long end = now() + 5'000'000'000;
    while (!condition()) {
        if (now() > end)
            return false;
        const timespec pause{0, 20'000};
        ::nanosleep(&pause, nullptr);
    }
    return true;
}

/// Ends a daemon and waits for all children, of which it is the last. False where somebody is left;
/// `how` is its wait status, where it was a child of ours and not of a child.
inline auto end_daemon(pid_t daemon, int& how) -> bool {
    ::kill(daemon, SIGTERM);
    return comes_true([&] {
        int status = 0;
        pid_t gone = 0;
        while ((gone = ::waitpid(-1, &status, WNOHANG)) > 0)
            if (gone == daemon)
                how = status;
        return gone < 0;
    });
}

/// After a start that went wrong: kills what is left of it. False where that does not help.
inline auto end_everybody() -> bool {
    const std::string self = std::to_string(::getpid());
    return comes_true([&] {
        std::ifstream children{"/proc/" + self + "/task/" + self + "/children"};
        for (pid_t child = 0; children >> child;)
            ::kill(child, SIGKILL);
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
        return ::waitpid(-1, nullptr, WNOHANG) < 0;
    });
}
