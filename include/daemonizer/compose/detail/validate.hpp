// SPDX-License-Identifier: BSL-1.0
// Says in one sentence why a composition makes no sense.
#ifndef DAEMONIZER_COMPOSE_DETAIL_VALIDATE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_VALIDATE_HPP

#include <daemonizer/compose/composition.hpp>
#include <daemonizer/compose/detail/plan.hpp>
#include <daemonizer/compose/start/host_facets.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Why a composition is rejected. Only the first reason is reported, so that one mistake is one
/// error.
enum class rejection {
    none,
    no_policy,
    slot_without_name,
    slot_twice,
    order,
    host_files,
    host_processes,
    host_signals,
    host_report,
    host_locks,
    no_fork,
    no_stdio,
    no_signals,
    no_step_list,
    no_step,
    state,
    run,
    undo,
    needs
};

/// Stands in for a composition that has been rejected, and takes whatever is done with one.
struct RejectedComposition {
    template <class... Given>
    static constexpr auto choose(const Given&...) -> RejectedComposition {
        return {};
    }
    auto start() const -> RejectedComposition* { return nullptr; }
    [[nodiscard]] auto run(auto&&) const -> int { return 1; }
};

template <rejection Reason, class Verdict = planning::fits>
struct rejected {
    static constexpr rejection reason = Reason;
    using verdict = Verdict;
    using core = void;
    using implementation = RejectedComposition;
    using options = RejectedComposition;
};

template <class... Policies>
struct accepted {
    static constexpr rejection reason = rejection::none;
    using verdict = planning::fits;
    using core = StartData<Policies...>;
    using implementation = Composition<Policies...>;

    struct options {
        template <class... Given>
        static constexpr auto choose(const Given&... given) -> Options<Policies...> {
            return {Option<Policies>{pick<Policies>(given...)}...};
        }

    private:
        template <class Wanted>
        static constexpr auto pick() -> Wanted {
            return Wanted{};
        }
        template <class Wanted, class First, class... Rest>
        static constexpr auto pick(const First& first, const Rest&... rest) -> Wanted {
            if constexpr (std::same_as<Wanted, First>)
                return first;
            else
                return pick<Wanted>(rest...);
        }
    };
};

template <class T>
concept has_slot_and_steps = std::is_copy_constructible_v<T> && requires {
    typename T::slot;
    typename T::steps;
};

template <class>
inline constexpr bool is_step_list = false;
template <class... Steps>
inline constexpr bool is_step_list<step_list<Steps...>> = true;

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
    { Step::run(start, policy) } -> std::convertible_to<bool>;
};

template <class Step, class Policy, class Host>
constexpr bool can_undo = requires(const Host& host, const Policy& policy,
                                   typename state_type<Policy>::type& state) {
    Step::undo(host, policy, state);
};

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
    if constexpr (!can_run<First, Policy, Core>)
        return rejected<rejection::run, wrong_step<First>>{};
    else if constexpr (!detail::can_give_back<First, Policy, Core>())
        return rejected<rejection::undo, wrong_step<First>>{};
    else
        return detail::validate_steps<Policy, Core>(step_list<Rest...>{});
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

/// Policies that fill a slot each, in the order of slots.
template <class... Policies>
constexpr auto validate_policies(planning::types<Policies...>) {
    using core = StartData<Policies...>;
    if constexpr (!ForkPolicy<typename core::template in<slots::fork>>) {
        return rejected<rejection::no_fork>{};
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
        return rejected < (has_slot_and_steps<Given> && ...) ? rejection::slot_without_name
                                                             : rejection::no_policy > {};
    else if constexpr (!planning::one_policy_a_slot<Given...>)
        return rejected<rejection::slot_twice>{};
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
    if constexpr (requires { Given::template check<Core>(); })
        Given::template check<Core>();
}

} // namespace daemonizer::detail

#endif
