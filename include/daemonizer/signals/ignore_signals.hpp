// SPDX-License-Identifier: BSL-1.0
// IgnoreSignals: the signals that have no effect on the daemon.
#ifndef DAEMONIZER_SIGNALS_IGNORE_SIGNALS_HPP
#define DAEMONIZER_SIGNALS_IGNORE_SIGNALS_HPP

#include <daemonizer/signals/reset_signals.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Ignores the named signals: SIGPIPE where writes are checked, SIGCHLD where children aren't
/// waited for (they leave no zombies then). What the daemon execs inherits it. Fails as step
/// "ignored signals" with the errno of sigaction(2), and with EINVAL for a number that libc keeps.
template <int... Signals>
struct IgnoreSignals {
    constexpr IgnoreSignals() = default;
    constexpr explicit IgnoreSignals(int, auto...) {
        static_assert(given_as_value<IgnoreSignals>,
                      "daemonizer: IgnoreSignals takes its signals as template arguments: "
                      "IgnoreSignals<SIGPIPE>");
    }

    template <class Core>
    static constexpr void check() {
        static_assert(detail::are_signals<Signals...>,
                      "daemonizer: IgnoreSignals names the signals that it ignores, such as "
                      "SIGPIPE");
        static_assert(detail::can_be_collected<Signals...>,
                      "daemonizer: IgnoreSignals takes signals that can be ignored, not KILL or "
                      "STOP");
        static_assert(detail::are_different<Signals...>(), "daemonizer: a signal is named twice");
        static_assert(detail::are_the_programs<Signals...>,
                      "daemonizer: libc keeps this signal for itself (32 and 33; 34 with musl)");
        using Collecting = typename Core::template in<slots::signals>;
        static_assert((!Collecting::collects(Signals) && ...),
                      "daemonizer: a signal is both collected and ignored; choose one");
    }

    struct Ignore : step<phase::signals> {
        static constexpr const char* name = "ignored signals";
        using needs = capabilities<capability::dispositions>; // or they would be reset afterwards

        static auto run(const auto& start, const auto&) -> bool {
            if (!detail::numbers_are_free<Signals...>(start))
                return false;
            struct sigaction ignored {};
            ignored.sa_handler = SIG_IGN;
            return (start.check(start.host().set_disposition(Signals, ignored), "sigaction") &&
                    ...);
        }
    };
    /// Returns whether the policy names this signal.
    static constexpr auto ignores(int signal) -> bool { return ((signal == Signals) || ...); }
    using slot = slots::ignored;
    using steps = step_list<Ignore>;
};
template <class... Rest>
IgnoreSignals(int, Rest...) -> IgnoreSignals<SIGPIPE>;
static_assert(Policy<IgnoreSignals<SIGCHLD>>);

} // namespace daemonizer

#endif
