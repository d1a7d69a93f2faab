// SPDX-License-Identifier: BSL-1.0
// Whether the steps of a policy have what they are called by.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_VALIDATE_STEPS_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_VALIDATE_STEPS_HPP

#include <daemonizer/compose/detail/planning/rejection.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class>
inline constexpr bool is_step_list = false;
template <class... Steps>
inline constexpr bool is_step_list<step_list<Steps...>> = true;

template <class>
inline constexpr bool is_slot_list = false;
template <class... Slots>
inline constexpr bool is_slot_list<slot_list<Slots...>> = true;
template <class>
inline constexpr bool is_capability_list = false;
template <class... C>
inline constexpr bool is_capability_list<capabilities<C...>> = true;

template <class... Steps>
constexpr auto are_steps(step_list<Steps...>) -> bool {
    return (Step<Steps> && ...);
}

template <class Policy>
constexpr bool has_movable_state =
    std::is_default_constructible_v<typename state_type<Policy>::type>&&
        std::is_move_constructible_v<typename state_type<Policy>::type>&&
            std::is_move_assignable_v<typename state_type<Policy>::type>;

template <class Step, class Policy, class Core>
constexpr bool can_run = requires(const StepContext<Core>& start, const Policy& policy) {
    { Step::run(start, policy) } -> std::same_as<bool>;
};

template <class Step, class Policy, class Host>
constexpr bool can_undo = requires(const Host& host, const Policy& policy,
                                   typename state_type<Policy>::type& state) {
    Step::undo(host, policy, state);
};

struct undo_name {
    int undo;
};
template <class Step>
struct beside_undo : Step, undo_name {};
/// Whether a step that is none to undo has an `undo`, which nobody would call; see hook_names.
template <class Step>
constexpr auto has_idle_undo() -> bool {
    if constexpr (Step::undoes || std::is_final_v<Step>)
        return false;
    else
        return !requires { &beside_undo<Step>::undo; };
}

/// A launcher that leaves undoes by its own host, and lets go of its copy where the daemon is
/// ready.
template <class Step, class Policy, class Core>
constexpr auto can_give_back() -> bool {
    using host = typename Core::template in<slots::host>;
    if constexpr (!Step::undoes)
        return true;
    else if constexpr (Step::at >= phase::detach || !Core::template in<slots::fork>::detaches)
        return can_undo<Step, Policy, host>;
    else
        return can_undo<Step, Policy, host> &&
               can_undo<Step, Policy, typename exiting_host<host>::type> &&
               requires(const host& made, const Policy& policy,
                        typename state_type<Policy>::type& state) {
            Step::drop_launcher_copy(made, policy, state);
        };
}

/// Names the step that is wrong where a compiler prints types.
template <class Step>
struct wrong_step {};

template <class Policy, class Core>
constexpr auto validate_steps(step_list<>) -> planning::fits {
    return {};
}

/// Rejects for the first step of a policy that has not what it is called by.
template <class Policy, class Core, class First, class... Rest>
constexpr auto validate_steps(step_list<First, Rest...>) {
    if constexpr (!is_capability_list<typename First::needs> ||
                  !is_capability_list<typename First::gives>)
        return rejected<rejection::step_lists, wrong_step<First>>{};
    else if constexpr (!can_run<First, Policy, Core>)
        return rejected<rejection::run, wrong_step<First>>{};
    else if constexpr (!detail::can_give_back<First, Policy, Core>())
        return rejected<rejection::undo, wrong_step<First>>{};
    else if constexpr (detail::has_idle_undo<First>())
        return rejected<rejection::undo_of_step, wrong_step<First>>{};
    else
        return detail::validate_steps<Policy, Core>(step_list<Rest...>{});
}

} // namespace daemonizer::detail

#endif
