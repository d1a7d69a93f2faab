// SPDX-License-Identifier: BSL-1.0
// Says in one sentence why a composition makes no sense.
#ifndef DAEMONIZER_COMPOSE_DETAIL_VALIDATE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_VALIDATE_HPP

#include <daemonizer/compose/detail/planning/idle_hooks.hpp>
#include <daemonizer/compose/detail/planning/rejection.hpp>
#include <daemonizer/compose/detail/planning/validate_steps.hpp>
#include <daemonizer/compose/start/host_facets.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class T>
concept has_slot_and_steps = requires {
    typename T::slot;
    typename T::steps;
};
template <class T>
concept is_assigned = requires(T& policy, const T& other) {
    T(other);
    policy = other;
};

/// Whether the type alone says all: no text is given at run time.
template <class T>
constexpr bool is_complete = std::default_initializable<T> && !requires {
    requires T::at_run_time;
};

template <class Slot>
constexpr auto comes_after_a_list() -> bool {
    if constexpr (requires { typename Slot::after; })
        return is_slot_list<typename Slot::after>;
    else
        return true;
}

/// Names the slot where a compiler prints types.
template <class Slot>
struct filled_twice {};
template <class First, class... Rest>
constexpr auto first_filled_twice() {
    if constexpr (planning::times_filled<typename First::slot, First, Rest...> != 1)
        return filled_twice<typename First::slot>{};
    else
        return detail::first_filled_twice<Rest...>();
}

constexpr auto first_rejection() -> planning::fits { return {}; }
template <rejection Reason, class Verdict, class... Rest>
constexpr auto first_rejection(rejected<Reason, Verdict> first, Rest...) {
    return first;
}
template <class... Rest>
constexpr auto first_rejection(planning::fits, Rest... rest) {
    return detail::first_rejection(rest...);
}

template <class... Policies, class Steps>
constexpr auto validate_plan(Steps steps) {
    if constexpr (!std::same_as<Steps, planning::fits>) {
        return steps;
    } else {
        using verdict = typename Plan<Policies...>::verdict;
        if constexpr (std::same_as<verdict, planning::fits>)
            return accepted<Policies...>{};
        else
            return rejected<rejection::needs, verdict>{};
    }
}

/// The first facet that a composition's host lacks, of those that its policies work through.
template <class Core>
constexpr auto missing_facet() -> rejection {
    using host = typename Core::template in<slots::host>;
    constexpr bool detaches = Core::template in<slots::fork>::detaches;
    using pid_steps = typename Core::template in<slots::pid>::steps;
    if constexpr (!FileHost<host>)
        return rejection::host_files;
    else if constexpr (!SignalHost<host>)
        return rejection::host_signals;
    else if constexpr (detaches && !ProcessHost<host>)
        return rejection::host_processes;
    else if constexpr (detaches && !ReportHost<host>)
        return rejection::host_report;
    else if constexpr (!std::same_as<pid_steps, step_list<>> && !LockHost<host>)
        return rejection::host_locks;
    else
        return rejection::none;
}

struct detach_name {
    int detach;
};
template <class Fork>
struct beside_detach : Fork, detach_name {};
/// Whether a fork policy that detaches has a `detach`; see hook_names.
template <class Fork>
constexpr auto can_detach() -> bool {
    if constexpr (!Fork::detaches || std::is_final_v<Fork>)
        return true;
    else
        return !requires { &beside_detach<Fork>::detach; };
}

/// Policies that fill a slot each, in the order of slots.
template <class... Policies>
constexpr auto validate_policies(planning::types<Policies...>) {
    using core = StartData<Policies...>;
    if constexpr (!ForkPolicy<typename core::template in<slots::fork>>) {
        return rejected<rejection::no_fork>{};
    } else if constexpr (!detail::can_detach<typename core::template in<slots::fork>>()) {
        return rejected<rejection::no_detach>{};
    } else if constexpr (!StdioPolicy<typename core::template in<slots::stdio>>) {
        return rejected<rejection::no_stdio>{};
    } else if constexpr (!SignalPolicy<typename core::template in<slots::signals>>) {
        return rejected<rejection::no_signals>{};
    } else if constexpr (!(is_step_list<typename Policies::steps> && ...)) {
        return rejected<rejection::no_step_list>{};
    } else if constexpr (!(detail::are_steps(typename Policies::steps{}) && ...)) {
        return rejected<rejection::no_step>{};
    } else if constexpr (detail::missing_facet<core>() != rejection::none) {
        return rejected<detail::missing_facet<core>()>{};
    } else if constexpr (!(has_movable_state<Policies> && ...)) {
        return rejected<rejection::state>{};
    } else {
        return detail::validate_plan<Policies...>(detail::first_rejection(
            detail::validate_steps<Policies, core>(typename Policies::steps{})...));
    }
}

constexpr auto validate_policies(planning::impossible_order) -> rejected<rejection::order> {
    return {};
}

template <class Defaults, class... Given>
constexpr auto validate() {
    if constexpr (!(Policy<Given> && ...))
        return rejected < !(has_slot_and_steps<Given> && ...) ? rejection::no_policy
               : !(is_assigned<Given> && ...)                 ? rejection::not_copied
                                                              : rejection::slot_without_name > {};
    else if constexpr (!(detail::comes_after_a_list<typename Given::slot>() && ...))
        return rejected<rejection::after>{};
    else if constexpr (!planning::one_policy_a_slot<Given...>)
        return rejected<rejection::slot_twice, decltype(detail::first_filled_twice<Given...>())>{};
    else
        return detail::validate_policies(typename canonical_policies<Defaults, Given...>::type{});
}

/// Lets a policy object to its own options or to its neighbours.
template <class Given, class Core>
constexpr void run_check() {
    if constexpr (requires { Given::text_is_whole; })
        static_assert(Given::text_is_whole,
                      "daemonizer: a text holds a null byte; the system would "
                      "read it only up to there");
    if constexpr (!std::is_void_v<Core>) { // not rejected already
        detail::check_hooks<Given, Core>();
        if constexpr (requires { Given::template check<Core>(); })
            Given::template check<Core>();
    }
}

} // namespace daemonizer::detail

#endif
