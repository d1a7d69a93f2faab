// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_SIGNALS_HPP
#define DAEMONIZER_SIGNALS_HPP

#include <daemonizer/detail/dispositions.hpp>
#include <daemonizer/detail/signal_members.hpp>

namespace daemonizer {

/// Dispositions and mask stay as the starter had them.
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
/// or blocked (daemon(7) steps 2 and 3). The default.
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
