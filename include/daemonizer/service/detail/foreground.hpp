// SPDX-License-Identifier: BSL-1.0
// Turns a composition into one that stays in the foreground.
#ifndef DAEMONIZER_SERVICE_DETAIL_FOREGROUND_HPP
#define DAEMONIZER_SERVICE_DETAIL_FOREGROUND_HPP

#include <daemonizer/compose/composition.hpp>
#include <daemonizer/compose/start/options.hpp>
#include <daemonizer/launch/fork.hpp>
#include <daemonizer/stdio/stdio.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Returns what a policy's `in_foreground()` does, if that can stand in the policy's place.
template <class Policy>
constexpr auto asked_for_form(const Policy& policy) {
    constexpr bool fits = PolicyFor<decltype(policy.in_foreground()), typename Policy::slot>;
    static_assert(fits, "daemonizer: in_foreground() returns a policy of the same slot");
    if constexpr (fits)
        return policy.in_foreground();
    else
        return policy;
}

/// Returns the policy that takes a policy's place in the foreground: its `in_foreground()`, else
/// itself. Nothing detaches there, and 0-2 stay what the terminal or the supervisor gave.
template <class Policy>
constexpr auto foreground_form(const Policy& policy) {
    if constexpr (!std::is_final_v<Policy> && !requires { policy.in_foreground(); })
        static_assert(!has_in_foreground<Policy>,
                      "daemonizer: in_foreground() of a policy is const and takes nothing");
    if constexpr (requires { policy.in_foreground(); })
        return detail::asked_for_form(policy);
    else if constexpr (ForkPolicy<Policy>)
        return NoFork{};
    else if constexpr (StdioPolicy<Policy>)
        return ForegroundStdio{};
    else
        return policy;
}

template <class... Policies>
constexpr auto compose_again(const Policies&... policies) {
    return Composition<Policies...>{Options<Policies...>{Option<Policies>{policies}...}};
}

/// Returns the same composition for the foreground.
template <class... Policies>
constexpr auto foreground(const Composition<Policies...>& service) {
    return detail::compose_again(
        detail::foreground_form(service.template option<typename Policies::slot>())...);
}

} // namespace daemonizer::detail

#endif
