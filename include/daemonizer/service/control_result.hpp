// SPDX-License-Identifier: BSL-1.0
// The result of the functions of control.hpp, and the signals by which stop() ends a daemon.
#ifndef DAEMONIZER_SERVICE_CONTROL_RESULT_HPP
#define DAEMONIZER_SERVICE_CONTROL_RESULT_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <initializer_list>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// Exit statuses of an init script (LSB) for all verbs but `status`.
struct lsb {
    static constexpr int failed = 1, usage = 2, unimplemented = 3, no_permission = 4,
                         not_running = 7;
};

} // namespace detail

/// Tells what became of an order to a daemon.
struct ControlResult {
    /// The outcome of an order.
    enum class outcome {
        done,          ///< the signal is sent; or, where waited for, the daemon is gone
        not_running,   ///< there is no daemon
        still_running, ///< it got the signals, and still runs at the end of the time
        refused,       ///< no permission, or a pid file that is not to be trusted: see `reason`
    };
    outcome what;            ///< the outcome; the other members depend on it
    pid_t pid = 0;           ///< the daemon's, where there is one
    int code = 0;            ///< errno of refused
    const char* reason = ""; ///< of refused: why; the characters are static

    /// True where the outcome is done.
    explicit operator bool() const { return what == outcome::done; }

    /// The outcome in words: "done", "not running", "still running", or the reason of a refusal.
    /// The characters are static.
    auto text() const -> const char* {
        switch (what) {
        case outcome::done:
            return "done";
        case outcome::not_running:
            return "not running";
        case outcome::still_running:
            return "still running";
        case outcome::refused:
            break;
        }
        return reason;
    }

    /// The exit status of an init script (LSB) with this outcome.
    auto exit_status() const -> int {
        switch (what) {
        case outcome::done:
            return 0;
        case outcome::not_running:
            return detail::lsb::not_running;
        case outcome::still_running:
            return detail::lsb::failed;
        case outcome::refused:
            break;
        }
        return code == EPERM || code == EACCES ? detail::lsb::no_permission : detail::lsb::failed;
    }
};

/// Is one step of stop(): a signal, and the seconds to wait until the daemon is gone.
struct Escalation {
    int signal;  ///< such as SIGTERM
    int seconds; ///< 0: does not wait
};
/// The steps of stop(), one after the other: `{{SIGTERM, 10}, {SIGKILL, 5}}`.
using Schedule = std::initializer_list<Escalation>;

} // namespace daemonizer

#endif
