// SPDX-License-Identifier: BSL-1.0
// Remembers which process speaks to a supervisor for the daemon.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_SPEAKING_PROCESS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_SPEAKING_PROCESS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of the state of a policy that speaks to a supervisor. A worker that the daemon has forked
/// inherits the state. It must not say that the daemon is ready, or ends, since not every
/// supervisor looks at who has sent a message.
struct SpeakingProcess {
    pid_t daemon = 0;

    template <class Host>
    auto is_this(const Host& host) const -> bool {
        return host.pid() == daemon;
    }
};

/// Runs in the daemon: from now on this process speaks.
struct RememberDaemon : step<phase::record> {
    static constexpr const char* name = "notify";

    static auto run(const auto& start, const auto& policy) -> bool {
        start.state(policy).daemon = start.host().pid();
        return true;
    }
};

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
