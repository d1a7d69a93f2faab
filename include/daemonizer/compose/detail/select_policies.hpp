// SPDX-License-Identifier: BSL-1.0
// Decides at compile time which policies a composition has, and puts them in the order of slots.
#ifndef DAEMONIZER_COMPOSE_DETAIL_SELECT_POLICIES_HPP
#define DAEMONIZER_COMPOSE_DETAIL_SELECT_POLICIES_HPP

#include <daemonizer/compose/detail/planning/fill_slots.hpp>
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

/// The policies that fill slots by default, as one object for all compositions.
template <class>
inline constexpr int default_policies = 0;
template <class... Defaults>
inline constexpr auto default_policies<types<Defaults...>> =
    hana::make_basic_tuple(hana::type_c<typename Defaults::policy>...);

/// `Index` as in fillings; `given` are `Count`.
template <std::size_t Index, std::size_t Count, class Defaults, class Given>
constexpr auto policy_in_place(const Given& given) {
    if constexpr (Index < Count)
        return hana::at_c<Index>(given);
    else
        return hana::at_c<Index - Count>(default_policies<Defaults>);
}

template <class... Given, class Defaults, std::size_t... Indices>
constexpr auto known_policies(Defaults defaults, std::index_sequence<Indices...>) {
    constexpr auto filled = planning::fill_slots<Given...>(defaults);
    constexpr auto given = hana::make_basic_tuple(hana::type_c<Given>...);
    return types<held<decltype(planning::policy_in_place<filled.at[Indices], sizeof...(Given),
                                                         Defaults>(given))>...>{};
}

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
    constexpr types<Defaults...> defaults;
    constexpr auto count = planning::fill_slots<Given...>(defaults).count;
    const auto known =
        planning::known_policies<Given...>(defaults, std::make_index_sequence<count>{});
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
