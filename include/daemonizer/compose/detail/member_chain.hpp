// SPDX-License-Identifier: BSL-1.0
// The members of `daemon` that policies bring, one base class on top of the other.
#ifndef DAEMONIZER_COMPOSE_DETAIL_MEMBER_CHAIN_HPP
#define DAEMONIZER_COMPOSE_DETAIL_MEMBER_CHAIN_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class... Policies>
class DaemonBase;

struct any_base; ///< stands for the base of members, where it does not matter
/// A policy brings members as `template <class Base> struct members : Base`.
template <class Policy>
constexpr bool brings_members = requires {
    typename Policy::template members<any_base>;
};

template <class... Policies>
constexpr unsigned members_count = (0U + ... + (brings_members<Policies> ? 1U : 0U));

/// Where the policy stands that is the `nth`, from 1, of those that bring members.
template <class... Policies>
constexpr auto bringer(unsigned nth) -> std::size_t {
    const bool brings[] = {brings_members<Policies>...};
    std::size_t at = 0;
    for (;; ++at)
        if (brings[at] && --nth == 0)
            return at;
}

template <std::size_t Index, class Policy>
struct numbered {
    using type = Policy;
};
template <class Indices, class... Policies>
struct numbered_policies;
template <std::size_t... Indices, class... Policies>
struct numbered_policies<std::index_sequence<Indices...>, Policies...>
    : numbered<Indices, Policies>... {};
/// The compiler finds the base class in one step, however many policies there are.
template <std::size_t Index, class Policy>
auto of_number(const numbered<Index, Policy>*) -> numbered<Index, Policy>;

template <std::size_t Index, class... Policies>
using policy_at = typename decltype(detail::of_number<Index>(
    static_cast<const numbered_policies<std::index_sequence_for<Policies...>, Policies...>*>(
        nullptr)))::type;

/// The members of a policy on top of those below, or these alone where that is not possible.
template <class Members, class Below>
constexpr auto members_or_below() {
    constexpr bool derives = requires(Members * members, Below * below) { below = members; };
    static_assert(derives, "daemonizer: the members of a policy derive from their template "
                           "parameter: template <class Base> struct members : Base");
    if constexpr (derives)
        return std::type_identity<Members>{};
    else
        return std::type_identity<Below>{};
}

/// The members of the first `Count` policies that bring some, in the order of slots. A later
/// policy can hide the members of an earlier one and call them through `Base`. Each layer is named
/// by its count, so that an error lists the policies once and not once a layer.
template <unsigned Count, class... Policies>
struct MemberLayer;
template <unsigned Count, class... Policies>
using members_below =
    typename decltype(detail::members_or_below<
                      typename policy_at<detail::bringer<Policies...>(Count), Policies...>::
                          template members<MemberLayer<Count - 1, Policies...>>,
                      MemberLayer<Count - 1, Policies...>>())::type;

template <unsigned Count, class... Policies>
struct MemberLayer : members_below<Count, Policies...> {
    using base = members_below<Count, Policies...>;
    using base::base;
};
template <class... Policies>
struct MemberLayer<0, Policies...> : DaemonBase<Policies...> {
    using DaemonBase<Policies...>::DaemonBase;
};

} // namespace daemonizer::detail

#endif
