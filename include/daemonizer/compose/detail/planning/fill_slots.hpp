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

/// Stands for a type in plain arithmetic: its address is that of no other type.
template <class T>
inline constexpr char identity{};

/// Which policies fill the library's slots, in their order: indices into those given, followed by
/// the defaults. Plain arithmetic, since each step of a fold over types is an instantiation.
template <std::size_t Slots>
struct fillings {
    std::size_t at[Slots + 1]{};
    std::size_t count = 0;
};

template <class... Given, class... Defaults>
constexpr auto fill_slots(types<Defaults...>) -> fillings<sizeof...(Defaults)> {
    const char* const given[] = {&identity<typename Given::slot>..., nullptr};
    const char* const slots[] = {&identity<typename Defaults::slot>...};
    constexpr bool has_default[] = {!std::is_void_v<typename Defaults::policy>...};
    fillings<sizeof...(Defaults)> filled;
    for (std::size_t slot = 0; slot != sizeof...(Defaults); ++slot) {
        std::size_t policy = 0;
        while (policy != sizeof...(Given) && given[policy] != slots[slot])
            ++policy;
        if (policy != sizeof...(Given))
            filled.at[filled.count++] = policy;
        else if (has_default[slot])
            filled.at[filled.count++] = sizeof...(Given) + slot;
    }
    return filled;
}

} // namespace daemonizer::detail::planning

#endif
