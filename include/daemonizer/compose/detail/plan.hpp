// SPDX-License-Identifier: BSL-1.0
// Decides at compile time which steps run, in which order, and whether each finds what it needs.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLAN_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLAN_HPP

#include <daemonizer/compose/detail/select_policies.hpp>
#include <daemonizer/compose/detail/step_sequence.hpp>
#include <daemonizer/system/abi.hpp>

#include <boost/hana/basic_tuple.hpp>
#include <boost/hana/fold_left.hpp>
#include <boost/hana/type.hpp>

#include <cstddef>

// Hana decides what runs where; the language runs it (step_sequence.hpp). No Hana type leaves this
// file. A named function object instead of a lambda: neither g++ 12 nor clang 14 takes a generic
// lambda inside the decltype of an alias.
namespace daemonizer::inline DAEMONIZER_ABI::detail::planning {

namespace hana = boost::hana;

template <class Policy, class... Steps>
constexpr auto bind(step_list<Steps...>) -> types<bound_step<Steps, Policy>...> {
    return {};
}

/// Returns the place of a step: that of its phase, and within it the first if the step says so.
template <class Step>
constexpr auto place_of() -> int {
    constexpr int phase = 2 * static_cast<int>(Step::at);
    if constexpr (requires { Step::comes_first; })
        return phase;
    else
        return phase + 1;
}

/// Puts the indices of steps in the order of their phases; those of one phase stay as they stand.
/// It is plain arithmetic: hana::sort compares types, and each comparison is an instantiation.
template <class... Steps>
struct phase_order {
    std::size_t at[sizeof...(Steps) + 1]{};

    constexpr phase_order() {
        const int places[] = {planning::place_of<typename Steps::step>()..., 0};
        for (std::size_t i = 0; i != sizeof...(Steps); ++i) {
            std::size_t place = i;
            for (; place != 0 && places[at[place - 1]] > places[i]; --place)
                at[place] = at[place - 1];
            at[place] = i;
        }
    }
};

template <class... Steps, std::size_t... Indices>
constexpr auto in_order(types<Steps...>, std::index_sequence<Indices...> indices) {
    constexpr phase_order<Steps...> order;
    using steps = numbered_types<decltype(indices), Steps...>;
    return hana::basic_tuple<hana::type<type_at<order.at[Indices], steps>>...>{};
}

/// Returns every policy's steps, in the order of phases; within a phase those that come first, then
/// all in the order of slots.
template <class... Policies>
constexpr auto order_steps() {
    constexpr auto steps = (types<>{} + ... + planning::bind<Policies>(typename Policies::steps{}));
    return planning::in_order(steps, std::make_index_sequence<planning::size_of(steps)>{});
}

/// Verdicts. `unmet` names the step and what it needs where a compiler prints types.
struct fits {};
template <class Step, class Need>
struct unmet {};

/// The result of the steps so far: where each runs, what they have given, and whether each found
/// what it needs.
template <class Launcher, class Daemon, class Given, class Verdict>
struct planned {};
template <class... Launcher, class... Daemon, class Given, class Verdict>
struct planned<types<Launcher...>, types<Daemon...>, Given, Verdict> {
    using in_launcher = sequence<Launcher...>;
    using in_daemon = sequence<Daemon...>;
    using verdict = Verdict;
};

/// Folds the steps into a `planned`.
struct add_step {
    template <class Launcher, class Daemon, class Given, class Verdict, class Step>
    constexpr auto operator()(planned<Launcher, Daemon, Given, Verdict>, Step) const {
        using bound = typename Step::type;
        using step = typename bound::step;
        using given = decltype(Given{} + listed(typename step::gives{}));
        using verdict = decltype(judge<step>(Verdict{}, Given{}, typename step::needs{}));
        if constexpr (step::at < phase::detach)
            return planned<decltype(Launcher{} + types<bound>{}), Daemon, given, verdict>{};
        else
            return planned<Launcher, decltype(Daemon{} + types<bound>{}), given, verdict>{};
    }

private:
    template <class... C>
    static constexpr auto listed(capabilities<C...>) -> types<C...> {
        return {};
    }
    template <class Step, class Given>
    static constexpr auto judge(fits, Given, capabilities<>) -> fits {
        return {};
    }
    template <class Step, class... Given, class Need, class... Needs>
    static constexpr auto judge(fits, types<Given...> given, capabilities<Need, Needs...>) {
        if constexpr (is_one_of<Need, Given...>)
            return judge<Step>(fits{}, given, capabilities<Needs...>{});
        else
            return unmet<Step, Need>{};
    }
    template <class Step, class... Unmet, class Given, class Needs>
    static constexpr auto judge(unmet<Unmet...> earlier, Given, Needs) {
        return earlier;
    }
};

} // namespace daemonizer::detail::planning

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The steps of a composition, in the launcher and in the daemon, and the verdict on them.
template <class... Policies>
using Plan = decltype(planning::hana::fold_left(
    planning::order_steps<Policies...>(),
    planning::planned<planning::types<>, planning::types<>, planning::types<>, planning::fits>{},
    planning::add_step{}));

} // namespace daemonizer::detail

#endif
