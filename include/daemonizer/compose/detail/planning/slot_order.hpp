// SPDX-License-Identifier: BSL-1.0
// The order of slots that the library does not know.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_SLOT_ORDER_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_SLOT_ORDER_HPP

#include <daemonizer/compose/detail/planning/type_list.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI::detail::planning {

/// Stands for the policies of own slots that come after each other.
struct impossible_order {};
template <class... A>
constexpr auto operator+(types<A...>, impossible_order) -> impossible_order {
    return {};
}

/// Whether `B` is one of the slots that `A` comes after.
template <class A, class B>
inline constexpr bool comes_after = false;
template <class A, class B>
    requires requires { typename A::after; }
inline constexpr bool comes_after<A, B> = []<class... Earlier>(slot_list<Earlier...>) {
    return is_one_of<B, Earlier...>;
}(typename A::after{});

constexpr auto is_before(const char* a, const char* b) -> bool {
    for (; *a != '\0' && *a == *b; ++a, ++b) {
    }
    return *a < *b;
}

/// Indices of slots: each after those that it names, and by name where nothing else decides. Plain
/// arithmetic, as phase_order in plan.hpp.
template <class... Slots>
struct slot_order {
    static constexpr std::size_t count = sizeof...(Slots);
    std::size_t at[count + 1]{};
    bool is_possible = true; ///< false: some of them come after each other

    constexpr slot_order() {
        const char* const names[] = {Slots::name...};
        bool waits[count][count]{}, is_placed[count]{};
        std::size_t row = 0;
        (wait<Slots>(waits[row++]), ...);
        for (std::size_t place = 0; place != count; ++place) {
            std::size_t next = count;
            for (std::size_t i = 0; i != count; ++i)
                if (!is_placed[i] && is_free(waits[i], is_placed) &&
                    (next == count || planning::is_before(names[i], names[next])))
                    next = i;
            if (next == count) {
                is_possible = false;
                return;
            }
            is_placed[next] = true;
            at[place] = next;
        }
    }

private:
    template <class Slot>
    static constexpr void wait(bool (&waits)[count]) {
        std::size_t column = 0;
        ((waits[column++] = comes_after<Slot, Slots>), ...);
    }
    static constexpr auto is_free(const bool (&waits)[count], const bool (&is_placed)[count])
        -> bool {
        for (std::size_t i = 0; i != count; ++i)
            if (waits[i] && !is_placed[i])
                return false;
        return true;
    }
};

} // namespace daemonizer::detail::planning

#endif
