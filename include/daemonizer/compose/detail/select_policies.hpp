// SPDX-License-Identifier: BSL-1.0
// Decides at compile time which policies a composition has, and puts them in the order of slots.
#ifndef DAEMONIZER_COMPOSE_DETAIL_SELECT_POLICIES_HPP
#define DAEMONIZER_COMPOSE_DETAIL_SELECT_POLICIES_HPP

#include <daemonizer/compose/detail/planning/fill_slots.hpp>
#include <daemonizer/compose/detail/planning/slot_order.hpp>
#include <daemonizer/compose/detail/planning/type_list.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail::planning {

template <class Slot, class... Given>
constexpr int times_filled = (0 + ... + (std::is_same_v<Slot, typename Given::slot> ? 1 : 0));

template <class... Given>
constexpr bool one_policy_a_slot = ((times_filled<typename Given::slot, Given...> == 1) && ...);

/// The policies of the library's slots, in the order of these.
template <class... Given, class... Defaults, std::size_t... Indices>
constexpr auto known_policies(types<Defaults...> defaults, std::index_sequence<Indices...>) {
    constexpr auto filled = planning::fill_slots<Given...>(defaults);
    constexpr std::size_t count = sizeof...(Given) + sizeof...(Defaults);
    using all =
        numbered_types<std::make_index_sequence<count>, Given..., typename Defaults::policy...>;
    return types<type_at<filled.at[Indices], all>...>{};
}

/// `Policy` alone where the library does not know its slot, else nothing.
template <class Policy, class... Slots>
using if_own_slot =
    std::conditional_t<is_one_of<typename Policy::slot, Slots...>, types<>, types<Policy>>;

template <class... Own, std::size_t... Indices>
constexpr auto in_slot_order(types<Own...>, std::index_sequence<Indices...> indices) {
    constexpr slot_order<typename Own::slot...> order;
    using own = numbered_types<decltype(indices), Own...>;
    if constexpr (order.is_possible)
        return types<type_at<order.at[Indices], own>...>{};
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
        constexpr auto own = (types<>{} + ... + if_own_slot<Given, typename Defaults::slot...>{});
        return known +
               planning::in_slot_order(own, std::make_index_sequence<planning::size_of(own)>{});
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
