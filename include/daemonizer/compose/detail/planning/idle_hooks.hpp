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

/// Converts to whatever a parameter of a hook wants.
struct any_argument {
    template <class T>
    operator T&() const;
    template <class T>
    operator T&&() const;
};

/// Whether `Policy::on` takes this event, but with other parameters than it is called by.
template <class Policy, class Event>
constexpr auto is_told_wrongly() -> bool {
    if constexpr (is_told<Policy, Event>) {
        return false;
    } else {
        return requires(Policy & policy, const Event& event, any_argument any) {
            policy.on(event, any, any, any);
        }
        || requires(Policy & policy, const Event& event, any_argument any) {
            policy.on(event, any, any);
        }
        || requires(Policy & policy, const Event& event, any_argument any) {
            policy.on(event, any);
        }
        || requires(Policy & policy, const Event& event) { policy.on(event); };
    }
}

/// Whether each `on` of a policy can be called. One that takes no event at all shows only where it
/// is the only one.
template <class Policy, class... Events>
constexpr auto every_on_is_told() -> bool {
    return (is_told<Policy, Events> || ...) && !(detail::is_told_wrongly<Policy, Events>() || ...);
}

template <class Policy>
constexpr bool every_on_fits = detail::every_on_is_told<
    Policy, event::ready, event::status, event::reloading, event::stopping, event::failed,
    event::starting, event::for_manager, event::launched, event::not_launched, event::restarted>();

struct keep_descriptor {
    void operator()(int) const;
};
struct keep_text {
    void operator()(const char*&) const;
};
struct state_hook_names {
    int each_descriptor, each_text;
};
template <class S>
struct beside_state_hook_names : S, state_hook_names {};

/// Refuses a state whose `each_descriptor` or `each_text` cannot be called.
template <class S>
constexpr void check_state_hooks() {
    if constexpr (std::is_class_v<S> && !std::is_final_v<S>) {
        static_assert(
            requires { &beside_state_hook_names<S>::each_descriptor; } ||
                requires(S & state, keep_descriptor keep) { state.each_descriptor(keep); },
            "daemonizer: a state has void each_descriptor(auto keep), which calls keep(fd)");
        static_assert(
            requires { &beside_state_hook_names<S>::each_text; } ||
                requires(S & state, keep_text keep) { state.each_text(keep); },
            "daemonizer: a state has void each_text(auto keep), which calls keep(text)");
    }
}

/// Refuses a policy with a hook that cannot be called.
template <class Policy, class Core>
constexpr void check_hooks() {
    if constexpr (!std::is_final_v<Policy>) {
        if constexpr (has_on<Policy>)
            static_assert(every_on_fits<Policy>,
                          "daemonizer: the hook of a policy is static void on(const event::ready&, "
                          "const auto& host, const auto& policy, auto& state)");
        if constexpr (has_write_line<Policy>)
            static_assert(takes_lines<Policy, Core>,
                          "daemonizer: the hook of a policy is static void write_line(const auto& "
                          "host, const auto& policy, auto& state, int, const char*)");
        if constexpr (has_check<Policy>)
            static_assert(
                requires { Policy::template check<Core>(); },
                "daemonizer: the hook of a policy is template <class Core> static "
                "constexpr void check()");
        static_assert(!has_members_of_no_base<Policy>,
                      "daemonizer: the members of a policy are template <class Base> struct "
                      "members : Base");
    }
    detail::check_state_hooks<typename state_type<Policy>::type>();
}

} // namespace daemonizer::detail

#endif
