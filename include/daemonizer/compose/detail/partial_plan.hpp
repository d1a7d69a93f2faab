// SPDX-License-Identifier: BSL-1.0
// The steps of processes that take a daemon over, or watch it: parts of the plan.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PARTIAL_PLAN_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PARTIAL_PLAN_HPP

#include <daemonizer/compose/detail/step_sequence.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The steps of a sequence that the policy in `Slot` has contributed, or all the others.
template <class Slot, bool Wanted, class Taken, class Steps>
struct filter_steps {
    using type = Taken;
};
template <class Slot, bool Wanted, class... Taken, class First, class... Rest>
struct filter_steps<Slot, Wanted, sequence<Taken...>, sequence<First, Rest...>>
    : filter_steps<Slot, Wanted, sequence<Taken...>, sequence<Rest...>> {};
template <class Slot, bool Wanted, class... Taken, class First, class... Rest>
    requires(std::is_same_v<Slot, typename First::policy::slot> == Wanted)
struct filter_steps<Slot, Wanted, sequence<Taken...>, sequence<First, Rest...>>
    : filter_steps<Slot, Wanted, sequence<Taken..., First>, sequence<Rest...>> {};

template <class Slot, class Steps>
using steps_of = typename filter_steps<Slot, true, sequence<>, Steps>::type;
template <class Slot, class Steps>
using steps_without = typename filter_steps<Slot, false, sequence<>, Steps>::type;

/// Has the parts of `Plan`. A composition that needs none of them does not instantiate it.
template <class Plan>
struct PartialPlan {
    /// A monitor records itself, and closes what it has inherited.
    using record = steps_of<slots::pid, typename Plan::in_daemon>;
    using close = steps_of<slots::descriptors, typename Plan::in_daemon>;

    /// A daemon that goes on where another one was: the pid file is locked, and a descriptor for a
    /// newline has been closed in the first start.
    using in_restart = steps_without<slots::descriptor_notify,
                                     steps_without<slots::pid, typename Plan::in_launcher>>;
    /// A daemon whose parent, or predecessor, holds the pid file.
    using in_daemon = steps_without<slots::pid, typename Plan::in_daemon>;

    using in_trial = steps_without<slots::notify, in_restart>; ///< no manager hears of it
};

} // namespace daemonizer::detail

#endif
