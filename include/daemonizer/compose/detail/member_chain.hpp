// SPDX-License-Identifier: BSL-1.0
// The members of `daemon` that policies bring, one base class on top of the other.
#ifndef DAEMONIZER_COMPOSE_DETAIL_MEMBER_CHAIN_HPP
#define DAEMONIZER_COMPOSE_DETAIL_MEMBER_CHAIN_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class... Policies>
class DaemonBase;

template <unsigned Index, class First, class... Rest>
struct policy_at : policy_at<Index - 1, Rest...> {};
template <class First, class... Rest>
struct policy_at<0, First, Rest...> {
    using type = First;
};

/// A policy brings members as `template <class Base> struct members : Base`.
template <class Policy, class Base>
struct members_of {
    using type = Base;
};
template <class Policy, class Base>
    requires requires { typename Policy::template members<Base>; }
struct members_of<Policy, Base> {
    using type = typename Policy::template members<Base>;
};

/// The members of the first `Count` policies, in the order of slots. A later policy can hide the
/// members of an earlier one and call them through `Base`. Each layer is named by its count, so
/// that an error lists the policies once and not once a layer.
template <unsigned Count, class... Policies>
struct MemberLayer : members_of<typename policy_at<Count - 1, Policies...>::type,
                                MemberLayer<Count - 1, Policies...>>::type {
    using base = typename members_of<typename policy_at<Count - 1, Policies...>::type,
                                     MemberLayer<Count - 1, Policies...>>::type;
    using base::base;
};
template <class... Policies>
struct MemberLayer<0, Policies...> : DaemonBase<Policies...> {
    using DaemonBase<Policies...>::DaemonBase;
};

} // namespace daemonizer::detail

#endif
