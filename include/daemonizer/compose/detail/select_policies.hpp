// SPDX-License-Identifier: BSL-1.0
// Decides at compile time which policies a composition has, and puts them in the order of slots.
#ifndef DAEMONIZER_COMPOSE_DETAIL_SELECT_POLICIES_HPP
#define DAEMONIZER_COMPOSE_DETAIL_SELECT_POLICIES_HPP

#include <daemonizer/compose/detail/planning/slot_order.hpp>
#include <daemonizer/compose/detail/planning/type_list.hpp>
#include <daemonizer/system/abi.hpp>

#include <boost/hana/at.hpp>
#include <boost/hana/basic_tuple.hpp>
#include <boost/hana/bool.hpp>
#include <boost/hana/filter.hpp>
#include <boost/hana/fold_left.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

// Hana decides what runs; the language runs it (step_sequence.hpp). No Hana type leaves this file
// and plan.hpp. Named function objects instead of lambdas: neither g++ 12 nor clang 14
// takes a generic lambda inside the decltype of an alias.
namespace daemonizer::inline DAEMONIZER_ABI::detail::planning {

namespace hana = boost::hana;

template <class T>
using held = typename T::type;

template <class Slot, class... Given>
constexpr int times_filled = (0 + ... + (std::is_same_v<Slot, typename Given::slot> ? 1 : 0));

template <class... Given>
constexpr bool one_policy_a_slot = ((times_filled<typename Given::slot, Given...> == 1) && ...);

/// A slot of the library's, with the policy that fills it where none is given; void: nothing does.
template <class Slot, class Policy = void>
struct by_default {
    using slot = Slot;
    using policy = Policy;
};

/// Folds the slots into the list of policies that fill them: a default is overridden by what was
/// given. The states are plain lists; a hana::tuple of each would be most of the compile time.
template <class... Given>
struct choose_for_slot {
    template <class Chosen, class Default>
    constexpr auto operator()(Chosen chosen, Default) const {
        using slot = typename held<Default>::slot;
        using policy = typename held<Default>::policy;
        if constexpr (times_filled<slot, Given...> != 0)
            return chosen + (types<>{} + ... + if_fills<slot, Given>());
        else if constexpr (std::is_void_v<policy>)
            return chosen;
        else
            return chosen + types<policy>{};
    }

private:
    template <class Slot, class P>
    static constexpr auto if_fills() {
        if constexpr (std::is_same_v<Slot, typename P::slot>)
            return types<P>{};
        else
            return types<>{};
    }
};

/// A policy whose slot the library does not know.
template <class... Slots>
struct has_own_slot {
    template <class P>
    constexpr auto operator()(P) const {
        return hana::bool_c<!is_one_of<typename held<P>::slot, Slots...>>;
    }
};

struct append {
    template <class List, class T>
    constexpr auto operator()(List list, T) const {
        return list + types<held<T>>{};
    }
};

template <class... Own, std::size_t... Indices>
constexpr auto in_slot_order(types<Own...>, std::index_sequence<Indices...>) {
    constexpr slot_order<typename Own::slot...> order;
    constexpr auto own = hana::make_basic_tuple(hana::type_c<Own>...);
    if constexpr (order.is_possible)
        return (types<>{} + ... +
                types<held<std::remove_cvref_t<decltype(hana::at_c<order.at[Indices]>(own))>>>{});
    else
        return impossible_order{};
}

/// The library's slots in their order; then the policies of own slots in theirs. Whatever order
/// they were given in, this is one.
template <class... Given, class... Defaults>
constexpr auto choose(types<Defaults...>) {
    const auto known =
        hana::fold_left(hana::tuple_t<Defaults...>, types<>{}, choose_for_slot<Given...>{});
    if constexpr ((is_one_of<typename Given::slot, typename Defaults::slot...> && ...)) {
        return known;
    } else {
        const auto own = hana::fold_left(
            hana::filter(hana::tuple_t<Given...>, has_own_slot<typename Defaults::slot...>{}),
            types<>{}, append{});
        return known + planning::in_slot_order(
                           own, std::make_index_sequence<planning::size_of(decltype(own){})>{});
    }
}

} // namespace daemonizer::detail::planning

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The canonical policies of a composition, as planning::types<...>: all spellings give one list.
/// Two policies in one slot give the empty list; slots that come after each other, none.
template <class Defaults, class... Given>
struct canonical_policies {
    static constexpr auto list() {
        if constexpr (planning::one_policy_a_slot<Given...>)
            return planning::choose<Given...>(Defaults{});
        else
            return planning::types<>{};
    }
    using type = decltype(list());
};

} // namespace daemonizer::detail

#endif
