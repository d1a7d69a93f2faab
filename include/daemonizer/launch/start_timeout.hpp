// SPDX-License-Identifier: BSL-1.0
// StartTimeout: how long a daemon may take until it is ready.
#ifndef DAEMONIZER_LAUNCH_START_TIMEOUT_HPP
#define DAEMONIZER_LAUNCH_START_TIMEOUT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Limits the time of a start, in seconds from the fork. If the daemon is not ready by then, the
/// launcher ends it and all that it has forked, by TERM and after two seconds by KILL, and leaves
/// with status 124, as timeout(1) does. A report that was sent in time counts, however late the
/// launcher reads it. Without a fork (NoFork, the foreground) no launcher waits and nothing counts
/// the time but a supervisor: the verb `unit` prints TimeoutStartSec of systemd.service(5).
template <int Seconds>
struct StartTimeout {
    constexpr StartTimeout() = default;
    template <class T>
    constexpr explicit StartTimeout(const T&) {
        static_assert(
            given_as_value<T>,
            "daemonizer: StartTimeout takes its seconds as template argument: StartTimeout<5>");
    }

    template <class>
    static constexpr void check() {
        static_assert(Seconds > 0, "daemonizer: StartTimeout takes a positive number of seconds");
    }
    static constexpr int seconds = Seconds; ///< until the launcher ends the start

    using slot = slots::timeout;
    using steps = step_list<>;

    void unit_lines(auto& unit) const { unit.number("TimeoutStartSec", Seconds); }
};
template <class T>
StartTimeout(const T&) -> StartTimeout<1>;
static_assert(Policy<StartTimeout<1>>);

} // namespace daemonizer

#endif
