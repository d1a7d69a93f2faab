// SPDX-License-Identifier: BSL-1.0
// Keeps the daemon another process's child than the launcher's, where a service manager is told.
#ifndef DAEMONIZER_LAUNCH_DETAIL_STAYING_PARENT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_STAYING_PARENT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/detachment.hpp>
#include <daemonizer/launch/detail/release_memory.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>

#include <signal.h>
#include <sys/wait.h>
#include <type_traits>

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
[[gnu::always_inline]] inline auto parent_stays([[maybe_unused]] Core& core) -> bool {
    if constexpr (parent_may_stay<Core>)
        return core.template state<typename Core::template in<slots::notify>>().is_open();
    else
        return false;
}

/// In the intermediate: waits until the daemon has ended or the launcher ends this process, at the
/// latest by its own end. Leaves a dead daemon to the launcher, which learns how it ended.
/// `GivesBack`: this process has a memory of its own, and makes its calls without libc.
template <bool GivesBack, class Host>
[[noreturn, gnu::visibility("hidden")]] void stay_as_parent(Host host, ReportEnd report,
                                                            pid_t daemon) {
    report.close(host); // or the launcher would not see that the daemon has closed it
    host.set_parent_death_signal(SIGKILL);
    if constexpr (GivesBack) {
        constexpr unsigned long large = 1UL << 20;
        detail::release_memory(
            host, large, [] { return false; }, [](auto&) {});
    }
    siginfo_t how;
    host.wait(P_PID, daemon, how, WEXITED | WNOWAIT);
    host.leave_at_once(0);
}

/// Forks the daemon and, between it and the launcher, the parent that stays: with one fork that is
/// a process more, unless it would be the first of a pid namespace. The parent needs a memory of
/// its own. Returns 0 in the daemon; in the launcher the first child's pid or a negative errno.
template <bool Twice, class Start>
auto fork_below_parent(const Start& start, ReportEnd launcher, ReportEnd report) -> pid_t {
    if constexpr (parent_may_stay<std::remove_cvref_t<decltype(start.core)>>) {
        const auto& host = start.host();
        if (const pid_t child = host.fork(); child != 0)
            return child;
        launcher.close(host);
        const auto lead_session = [&] {
            const pid_t session = host.new_session();
            if (session < 0)
                detail::give_up(start, host, report, "setsid", "new session", session);
            if (Twice && session == 1)
                detail::give_up_as_process_1(start, host, report);
        };
        if constexpr (Twice)
            lead_session();
        if (Twice || host.pid() != 1) {
            const pid_t daemon = host.fork();
            if (daemon < 0)
                detail::give_up(start, host, report, "fork", "the intermediate's", daemon);
            constexpr bool is_raw = !std::is_same_v<typename Start::leaving::type,
                                                    typename Start::template in<slots::host>>;
            if (daemon > 0)
                detail::stay_as_parent<is_raw>(Start::leaving::of(host), report, daemon);
        }
        if constexpr (!Twice)
            lead_session();
        start.core.template state<typename Start::template in<slots::fork>>().begin(host, report,
                                                                                    false);
    }
    return 0;
}

} // namespace daemonizer::detail

#endif
