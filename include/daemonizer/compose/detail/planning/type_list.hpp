// SPDX-License-Identifier: BSL-1.0
// A plain list of types, and what planning asks of one.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_TYPE_LIST_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_TYPE_LIST_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

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

/// A type with its place in a list.
template <std::size_t Index, class T>
struct numbered {
    using type = T;
};
template <class Indices, class... T>
struct numbered_types;
template <std::size_t... Indices, class... T>
struct numbered_types<std::index_sequence<Indices...>, T...> : numbered<Indices, T>... {};

/// Overload resolution finds the place: one instantiation, where hana::at_c takes a chain of them.
template <std::size_t Index, class T>
auto find_numbered(const numbered<Index, T>*) -> numbered<Index, T>;

/// The type at `Index` of `numbered_types`.
template <std::size_t Index, class List>
using type_at =
    typename decltype(planning::find_numbered<Index>(static_cast<const List*>(nullptr)))::type;

template <class T, class... List>
constexpr bool is_one_of = (std::is_same_v<T, List> || ...);

} // namespace daemonizer::detail::planning

#endif
