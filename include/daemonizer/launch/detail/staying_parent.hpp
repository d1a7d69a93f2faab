// SPDX-License-Identifier: BSL-1.0
// Keeps the daemon another process's child than the launcher's, where a service manager is told.
#ifndef DAEMONIZER_LAUNCH_DETAIL_STAYING_PARENT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_STAYING_PARENT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>

#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether the intermediate may stay as the daemon's parent until the daemon is ready.
///
/// systemd looks at MAINPID= whether the process is its child. If it is the launcher's, systemd
/// takes it for one whose end it would not notice, and a stop sends SIGKILL right after SIGTERM.
/// The manager believes only the launcher, so the daemon has to become the manager's child while
/// the launcher still lives: a parent between them has to die.
template <class Core>
inline constexpr bool parent_may_stay = requires {
    Core::template in<slots::notify>::speaks_to_manager;
};

/// Whether it does: where the environment has named a manager.
template <class Core>
auto parent_stays([[maybe_unused]] Core& core) -> bool {
    if constexpr (parent_may_stay<Core>)
        return core.template state<typename Core::template in<slots::notify>>().is_open();
    else
        return false;
}

/// In the intermediate: waits until the daemon has ended or the launcher ends this process. Leaves
/// a dead daemon to the launcher, which learns how it ended.
template <class Host>
[[noreturn, gnu::visibility("hidden")]] void stay_as_parent(Host host, ReportEnd report,
                                                            pid_t daemon) {
    report.close(host); // or the launcher would not see that the daemon has closed it
    siginfo_t how;
    host.wait(P_PID, daemon, how, WEXITED | WNOWAIT);
    host.leave_at_once(0);
}

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
