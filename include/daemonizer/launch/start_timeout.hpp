// SPDX-License-Identifier: BSL-1.0
// StartTimeout: how long a daemon may take until it is ready.
#ifndef DAEMONIZER_LAUNCH_START_TIMEOUT_HPP
#define DAEMONIZER_LAUNCH_START_TIMEOUT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// A daemon that is not ready in time is ended with all that it has forked, TERM and after two
/// seconds KILL; the launcher leaves with status 124, as timeout(1) does. Counted by the launcher
/// from its fork. A daemon whose word was there in time is ready, however late the launcher looks.
/// Without a fork, as beside NoFork or in the foreground, no launcher waits and nothing counts: the
/// supervisor does (TimeoutStartSec of systemd.service(5), which the verb `unit` prints).
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
