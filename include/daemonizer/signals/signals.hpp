// SPDX-License-Identifier: BSL-1.0
// The signal policies that collect nothing.
#ifndef DAEMONIZER_SIGNALS_SIGNALS_HPP
#define DAEMONIZER_SIGNALS_SIGNALS_HPP

#include <daemonizer/signals/detail/signal_members.hpp>
#include <daemonizer/signals/reset_signals.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Dispositions and mask stay as the starter had them, and no call is made: as PID 1, too, where
/// the kernel discards a SIGTERM whose default stands. Only a pid file's handlers end PID 1 then.
struct KeepSignals {
    struct Keep : step<phase::signals> {
        static constexpr const char* name = "signals";
        using gives = capabilities<capability::dispositions>;
        static auto run(const auto&, const auto&) -> bool { return true; }
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
/// default.
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
