// SPDX-License-Identifier: BSL-1.0
// handed_over(): the member that fork policies bring to a daemon.
#ifndef DAEMONIZER_LAUNCH_DETAIL_FORK_MEMBERS_HPP
#define DAEMONIZER_LAUNCH_DETAIL_FORK_MEMBERS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Refuses handed_over(), in words.
template <class Base>
struct without_handoff : Base {
    using Base::Base;

    template <bool Supported = false>
    auto handed_over() -> bool {
        static_assert(Supported, "daemonizer: handed_over() needs the fork policy HandoffFork");
        return false;
    }
};

/// Refuses supervised(), in words.
template <class Base>
struct without_supervision : Base {
    using Base::Base;

    template <bool Supported = false>
    auto supervised() -> bool {
        static_assert(Supported, "daemonizer: supervised() needs the fork policy AutoFork");
        return false;
    }
};

/// The members of a policy that always forks, or never.
template <class Base>
using plain_fork_members = without_supervision<without_handoff<Base>>;

/// The member of HandoffFork, whose state has the answer.
template <class Base>
struct handoff_members : without_supervision<Base> {
    using without_supervision<Base>::without_supervision;

    /// Whether HandoffFork has handed the launcher's memory over, or was DoubleFork here.
    auto handed_over() -> bool { return this->template state_in<slots::fork>().handed_over; }
};

/// The member of AutoFork, whose state has the answer.
template <class Base>
struct supervised_members : without_handoff<Base> {
    using without_handoff<Base>::without_handoff;

    /// Whether a supervisor has started this process, and it was not forked.
    auto supervised() -> bool { return this->template state_in<slots::fork>().is_supervised; }
};

} // namespace daemonizer::detail

#endif
