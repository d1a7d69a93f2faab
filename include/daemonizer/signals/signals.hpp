// SPDX-License-Identifier: BSL-1.0
// The signal policies that collect nothing.
#ifndef DAEMONIZER_SIGNALS_SIGNALS_HPP
#define DAEMONIZER_SIGNALS_SIGNALS_HPP

#include <daemonizer/signals/detail/signal_members.hpp>
#include <daemonizer/signals/reset_signals.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Dispositions and mask stay as the starter had them. As PID 1 a SIGTERM, SIGINT or SIGHUP whose
/// default stands ends the process with 128 + signal: the kernel would discard it. Where there is a
/// pid file, such a signal removes it first. Fails as step "signals" with the errno of
/// sigaction(2).
struct KeepSignals {
    struct Keep : step<phase::signals>, detail::sets_ending_handlers {
        static constexpr const char* name = "signals";
        using gives = capabilities<capability::dispositions>;
        static auto run(const auto& start, const auto&) -> bool {
            using Start = std::remove_cvref_t<decltype(start)>;
            if (detail::end_needs_handler(start)) {
                if (!detail::take_back_at_unload<detail::die_of>(start))
                    return false;
                const auto ending = detail::dying<typename Start::template in<slots::pid>>();
                static constexpr int signals[] = {SIGTERM, SIGINT, SIGHUP};
                for (const int signal : signals)
                    if (!detail::replace_default(start, signal, ending))
                        return false;
            }
            if (const auto* const held = start.held_signals()) // since the first step
                held->end(start.host());
            return true;
        }
    };
    using slot = slots::signals;
    using steps = step_list<Keep>;
    static constexpr bool keeps = true;
    static constexpr auto collects(int) -> bool { return false; }
    template <class Base>
    using members = detail::refusing_to_wait<Base>;
};
static_assert(SignalPolicy<KeepSignals>);

/// Every disposition default, nothing blocked: what a program expects, whatever its starter ignored
/// or blocked (daemon(7) steps 2 and 3). As PID 1 SIGTERM, SIGINT and SIGHUP end the process with
/// 128 + signal, since the kernel discards their default action there. All others are as the kernel
/// has them for PID 1: SIGPIPE, SIGALRM, SIGUSR1 have no effect, a crash still ends it. The
/// default. Fails as step "signals" with the errno of sigaction(2).
struct DefaultSignals {
    using slot = slots::signals;
    using steps = step_list<detail::ResetSignals<>>;
    static constexpr bool keeps = false;
    static constexpr auto collects(int) -> bool { return false; }
    template <class Base>
    using members = detail::refusing_to_wait<Base>;
};
static_assert(SignalPolicy<DefaultSignals>);

} // namespace daemonizer

#endif
