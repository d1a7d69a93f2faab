// SPDX-License-Identifier: BSL-1.0
// Which process speaks to a supervisor for a daemon.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_SPEAKING_PROCESS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_SPEAKING_PROCESS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of the state of a policy that speaks to a supervisor. A worker that the daemon has forked
/// inherits the state, and must not say for the daemon that this is ready, or ends: not every
/// supervisor looks at who has sent a message.
struct SpeakingProcess {
    pid_t daemon = 0;

    template <class Host>
    auto is_this(const Host& host) const -> bool {
        return host.pid() == daemon;
    }
};

/// In the daemon.
struct RememberDaemon : step<phase::record> {
    static constexpr const char* name = "notify";

    static auto run(const auto& start, const auto& policy) -> bool {
        start.state(policy).daemon = start.host().pid();
        return true;
    }
};

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
