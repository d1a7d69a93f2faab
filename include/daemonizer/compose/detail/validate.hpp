// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_COMPOSE_DETAIL_VALIDATE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_VALIDATE_HPP

#include <daemonizer/compose/composition.hpp>
#include <daemonizer/compose/detail/plan.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// What a composition is refused for: the first thing, so that one mistake is
/// one error.
enum class rejection { none, no_policy, slot_twice, no_fork, no_stdio, no_signals, no_step, needs };

/// Stands in for a composition that has been refused. Takes whatever is done
/// with one.
struct RejectedComposition {
    template <class... Given>
    static constexpr auto choose(const Given&...) -> RejectedComposition {
        return {};
    }
    auto start() const -> RejectedComposition* { return nullptr; }
    auto run(auto&&) const -> int { return 1; }
};

template <rejection What, class Verdict = planning::fits>
struct refusal {
    static constexpr rejection what = What;
    using verdict = Verdict;
    using core = void;
    using implementation = RejectedComposition;
    using options = RejectedComposition;
};

template <class... Policies>
struct acceptance {
    static constexpr rejection what = rejection::none;
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

template <class... Steps>
constexpr auto are_steps(step_list<Steps...>) -> bool {
    return (Step<Steps> && ...);
}

/// Of policies that fill a slot each, in the order of slots.
template <class... Policies>
constexpr auto review_all(planning::types<Policies...>) {
    using core = StartData<Policies...>;
    if constexpr (!ForkPolicy<typename core::template in<slots::fork>>) {
        return refusal<rejection::no_fork>{};
    } else if constexpr (!StdioPolicy<typename core::template in<slots::stdio>>) {
        return refusal<rejection::no_stdio>{};
    } else if constexpr (!SignalPolicy<typename core::template in<slots::signals>>) {
        return refusal<rejection::no_signals>{};
    } else if constexpr (!(detail::are_steps(typename Policies::steps{}) && ...)) {
        return refusal<rejection::no_step>{};
    } else {
        using verdict = typename Plan<Policies...>::verdict;
        if constexpr (std::same_as<verdict, planning::fits>)
            return acceptance<Policies...>{};
        else
            return refusal<rejection::needs, verdict>{};
    }
}

template <class Defaults, class... Given>
constexpr auto review() {
    if constexpr (!(Policy<Given> && ...))
        return refusal<rejection::no_policy>{};
    else if constexpr (!planning::one_policy_a_slot<Given...>)
        return refusal<rejection::slot_twice>{};
    else
        return detail::review_all(typename canonical_policies<Defaults, Given...>::type{});
}

/// Lets a policy object to its own options or to its neighbours.
template <class Given, class Core>
constexpr void run_check() {
    if constexpr (requires { Given::template check<Core>(); })
        Given::template check<Core>();
}

} // namespace daemonizer::detail

#endif
