// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_CONTROL_RESULT_HPP
#define DAEMONIZER_CONTROL_RESULT_HPP

#include <initializer_list>
#include <sys/types.h>

namespace daemonizer {

/// What became of an order to a daemon.
struct ControlResult {
    enum class outcome {
        done,          ///< the signal is sent; or, where waited for, the daemon is gone
        not_running,   ///< there is no daemon
        still_running, ///< it was told, and lives on at the end of the time
        refused,       ///< no permission, or a pid file that is not to be trusted: see `reason`
    };
    outcome what;
    pid_t pid = 0; ///< the daemon's, where there is one
    int code = 0;  ///< errno of refused
    const char* reason = "";

    explicit operator bool() const { return what == outcome::done; }
};

/// One rung of an escalation: a signal, and the seconds to wait for the daemon to be gone.
struct Escalation {
    int signal;
    int seconds;
};
using Schedule = std::initializer_list<Escalation>;

} // namespace daemonizer

#endif
