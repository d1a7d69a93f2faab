// SPDX-License-Identifier: BSL-1.0
// A plain list of types, and what planning asks of one.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_TYPE_LIST_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_TYPE_LIST_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail::planning {

/// A plain list of types: what planning takes and gives back.
template <class...>
struct types {};

template <class... T>
constexpr auto size_of(types<T...>) -> std::size_t {
    return sizeof...(T);
}

template <class... A, class... B>
constexpr auto operator+(types<A...>, types<B...>) -> types<A..., B...> {
    return {};
}

template <class T, class... List>
constexpr bool is_one_of = (std::is_same_v<T, List> || ...);

} // namespace daemonizer::detail::planning

#endif
