// SPDX-License-Identifier: BSL-1.0
// handed_over(): the member that fork policies bring to a daemon.
#ifndef DAEMONIZER_DETAIL_FORK_MEMBERS_HPP
#define DAEMONIZER_DETAIL_FORK_MEMBERS_HPP

#include <daemonizer/policy.hpp>

namespace daemonizer::detail {

/// Of HandoffFork, whose state says it.
template <class Base>
struct handoff_members : Base {
    using Base::Base;

    /// Whether HandoffFork has handed the launcher's memory over, or was DoubleFork here.
    auto handed_over() -> bool { return this->template state_in<slots::fork>().handed_over; }
};

/// Of a policy that always forks, or never: refuses handed_over(), in words.
template <class Base>
struct without_handoff : Base {
    using Base::Base;

    template <bool Supported = false>
    auto handed_over() -> bool {
        static_assert(Supported, "daemonizer: handed_over() needs the fork policy HandoffFork");
        return false;
    }
};

} // namespace daemonizer::detail

#endif
