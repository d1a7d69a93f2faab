// SPDX-License-Identifier: BSL-1.0
// Which policy fills each of the library's slots.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_FILL_SLOTS_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_FILL_SLOTS_HPP

#include <daemonizer/compose/detail/planning/type_list.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail::planning {

/// A slot of the library's, with the policy that fills it where none is given; void: nothing does.
template <class Slot, class Policy = void>
struct by_default {
    using slot = Slot;
    using policy = Policy;
};

/// The place of a slot among the library's, or their number for a slot of the user's own. The
/// compiler computes it once for a slot, whatever the composition.
template <class Slot, class... Defaults>
inline constexpr std::size_t number_of_slot = [] {
    const bool is_it[] = {std::is_same_v<Slot, typename Defaults::slot>..., true};
    std::size_t number = 0;
    while (!is_it[number])
        ++number;
    return number;
}();

/// Which policies fill the library's slots, in their order: indices into those given, followed by
/// the defaults. Plain arithmetic, since each step of a fold over types is an instantiation.
template <std::size_t Slots>
struct fillings {
    std::size_t at[Slots + 1]{};
    std::size_t count = 0;
};

template <class... Given, class... Defaults>
constexpr auto fill_slots(types<Defaults...>) -> fillings<sizeof...(Defaults)> {
    constexpr std::size_t slots = sizeof...(Defaults), given = sizeof...(Given);
    const std::size_t slot_of[] = {number_of_slot<typename Given::slot, Defaults...>..., slots};
    constexpr bool has_default[] = {!std::is_void_v<typename Defaults::policy>...};
    fillings<slots> filled;
    for (std::size_t slot = 0; slot != slots; ++slot) {
        std::size_t policy = 0;
        while (policy != given && slot_of[policy] != slot)
            ++policy;
        if (policy != given)
            filled.at[filled.count++] = policy;
        else if (has_default[slot])
            filled.at[filled.count++] = given + slot;
    }
    return filled;
}

} // namespace daemonizer::detail::planning

#endif
