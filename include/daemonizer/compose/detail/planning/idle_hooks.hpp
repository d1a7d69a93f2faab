// SPDX-License-Identifier: BSL-1.0
// Whether a policy has a hook that nobody would call, since its parameters do not fit.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_IDLE_HOOKS_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_IDLE_HOOKS_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/start/options.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/compose/start/start_data.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Policy, class... Events>
constexpr bool is_told_any = (is_told<Policy, Events> || ...);

/// Refuses a policy whose `on` or `write_line` cannot be called.
template <class Policy, class Core>
constexpr void check_hooks() {
    if constexpr (!std::is_final_v<Policy>) {
        if constexpr (has_on<Policy>)
            static_assert(
                is_told_any<Policy, event::ready, event::status, event::reloading, event::stopping,
                            event::failed, event::starting, event::for_manager, event::launched,
                            event::not_launched, event::restarted>,
                "daemonizer: the hook of a policy is static void on(const event::ready&, const "
                "auto& host, const auto& policy, auto& state)");
        if constexpr (has_write_line<Policy>)
            static_assert(takes_lines<Policy, Core>,
                          "daemonizer: the hook of a policy is static void write_line(const auto& "
                          "host, const auto& policy, auto& state, int, const char*)");
    }
}

} // namespace daemonizer::detail

#endif
