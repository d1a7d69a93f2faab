// SPDX-License-Identifier: BSL-1.0
// The result of status().
#ifndef DAEMONIZER_SERVICE_SERVICE_STATUS_HPP
#define DAEMONIZER_SERVICE_SERVICE_STATUS_HPP

#include <daemonizer/system/abi.hpp>

#include <ctime>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Tells what a pid file says of a service.
struct ServiceStatus {
    /// The states of a service, as far as they are known.
    enum class state {
        running,  ///< `pid` holds the file
        starting, ///< locked by a start; nobody is named yet
        orphaned, ///< the daemon is gone, a child of it still holds the file
        dead,     ///< gone, and the file remains; `pid` is the number in it, 0 where it has none
        stopped,  ///< no file, or an empty one
        unknown,  ///< `reason` says why
    };
    state what = state::unknown; ///< the state; the other members depend on it
    pid_t pid = 0;               ///< of running and dead
    time_t since = 0;            ///< of running: when the number was written
    int code = 0;                ///< of unknown: errno
    const char* reason = "";     ///< of unknown: why; the characters are static

    /// The state in words: "running", "not running", ..., or the reason where it is unknown. The
    /// characters are static.
    auto text() const -> const char* {
        switch (what) {
        case state::running:
            return "running";
        case state::starting:
            return "being started";
        case state::orphaned:
            return "the daemon is gone, a child of it still holds its pid file";
        case state::dead:
            return "not running, but its pid file remains";
        case state::stopped:
            return "not running";
        case state::unknown:
            break;
        }
        return reason;
    }

    /// The status of an init script (LSB): 0 running, 1 dead with a pid file, 3 not running, 4
    /// unknown.
    auto lsb() const -> int {
        switch (what) {
        case state::running:
            return 0;
        case state::orphaned:
        case state::dead:
            return 1;
        case state::stopped:
            return 3;
        case state::starting:
        case state::unknown:
            break;
        }
        return 4;
    }
};

} // namespace daemonizer

#endif
