// SPDX-License-Identifier: BSL-1.0
// The options and states of a composition, each found by its policy or its slot.
#ifndef DAEMONIZER_COMPOSE_START_OPTIONS_HPP
#define DAEMONIZER_COMPOSE_START_OPTIONS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class>
struct no_state {};

template <class Policy>
struct state_type {
    using type = no_state<Policy>;
};
template <class Policy>
    requires requires { typename Policy::state; }
struct state_type<Policy> {
    using type = typename Policy::state;
};

template <class Policy>
struct Option {
    [[no_unique_address]] Policy value;
};

/// An empty policy is not stored: two of them may share a base, such as the same text, and then
/// they could not share an address.
template <class Policy>
    requires(std::is_empty_v<Policy>&& std::is_trivially_default_constructible_v<Policy>)
struct Option<Policy> {
    static constexpr Policy value{};

    constexpr Option() = default;
    constexpr explicit Option(const Policy&) {}
};

template <class Policy>
struct State {
    [[no_unique_address]] typename state_type<Policy>::type value{};
};

/// The options of a composition, each found by its policy's type; empty policies take no room.
template <class... Policies>
struct Options : Option<Policies>... {
    template <class Policy>
    [[gnu::always_inline]] constexpr auto get() const -> const Policy& {
        return static_cast<const Option<Policy>&>(*this).value;
    }
};

template <class Slot, class Policy>
struct filled_slot {
    using type = Policy;
};
template <class... Policies>
struct filled_slots : filled_slot<typename Policies::slot, Policies>... {};

struct empty_slot {
    using type = void;
};
/// The compiler finds the base class in one step, however many policies there are.
template <class Slot, class Policy>
auto filling_of(const filled_slot<Slot, Policy>*) -> filled_slot<Slot, Policy>;
template <class Slot>
auto filling_of(const void*) -> empty_slot;

/// Its `type` is the policy that fills `Slot`, or void.
template <class Slot, class... Policies>
using find_slot =
    decltype(detail::filling_of<Slot>(static_cast<const filled_slots<Policies...>*>(nullptr)));

struct hook_names {
    int on, write_line, in_foreground, unit_lines, check;
};
/// Has each of the names twice where the policy has it, too. A lookup of such a name fails,
/// whatever the policy's member is: a function, several, a template.
template <class Policy>
struct beside_hook_names : Policy, hook_names {};

template <class Policy>
constexpr bool has_on = !requires {
    &beside_hook_names<Policy>::on;
};
template <class Policy>
constexpr bool has_write_line = !requires {
    &beside_hook_names<Policy>::write_line;
};
template <class Policy>
constexpr bool has_in_foreground = !requires {
    &beside_hook_names<Policy>::in_foreground;
};
template <class Policy>
constexpr bool has_check = !requires {
    &beside_hook_names<Policy>::check;
};
/// Whether the members of a policy are no template of one base.
template <class Policy>
constexpr bool has_members_of_no_base = requires {
    typename Policy::members;
}
|| requires { typename Policy::template members<int, int>; };
template <class Policy>
constexpr bool has_unit_lines = !requires {
    &beside_hook_names<Policy>::unit_lines;
};

} // namespace daemonizer::detail

#endif
