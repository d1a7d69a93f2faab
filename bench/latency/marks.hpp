// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "../children.hpp"

#include <atomic>
#include <sys/types.h>

namespace latency {

/// What the processes of one start leave for the benchmark, in memory that they all share.
struct Marks {
    long long call = 0;    ///< the launcher is about to start the daemon
    long long body = 0;    ///< the first instruction in the daemon's body
    long long written = 0; ///< the daemon has written all of the memory, where it had to
    long long known = 0;   ///< the launcher knows that the daemon is ready, and leaves
    long long ready = 0;   ///< the daemon knows that it knows
    bool traced = false;
    std::atomic<pid_t> daemon = 0; ///< set when it waits to be ended
};

inline Marks* marks; ///< in a mapping that is shared with every child

} // namespace latency
