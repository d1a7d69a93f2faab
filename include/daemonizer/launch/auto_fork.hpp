// SPDX-License-Identifier: BSL-1.0
// A fork only where nobody supervises the process.
#ifndef DAEMONIZER_LAUNCH_AUTO_FORK_HPP
#define DAEMONIZER_LAUNCH_AUTO_FORK_HPP

#include <daemonizer/launch/detail/supervisor_detection.hpp>
#include <daemonizer/launch/fork.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// `NoFork` under a supervisor, else `DoubleFork`: one program for a shell and for every home.
/// Under a supervisor 0-2 stay what it gave, and nobody waits for the daemon's word but the
/// supervisor (StartTimeout is passed over); all else is as composed, the pid file too.
///
/// It goes by what names this very process: SYSTEMD_EXEC_PID or LISTEN_PID with its number,
/// NOTIFY_SOCKET unless SYSTEMD_EXEC_PID names another process, the descriptor of a
/// DescriptorNotify that is open and a pipe or a socket, or being process 1. Never by what a shell
/// below a service inherits. supervisord, runit and a container's --init name nothing: there
/// compose NoFork, or use the verb `run` of command_line(). Beside Type=forking it is wrong.
/// Fails as DoubleFork does where it forks.
/// Source: systemd.exec(5), "Environment variables set or propagated by the service manager".
struct AutoFork : detail::Forking<true> {
    struct state : detail::DetachedState, detail::SupervisorFound {};
    static constexpr bool forks_twice = false; ///< where it stays it may be process 1

    /// Other threads would vanish in a fork alone.
    struct Threads : step<phase::check> {
        static constexpr const char* name = detail::SingleThreaded::name;

        static auto run(const auto& start, const auto& policy) -> bool {
            return start.state(policy).is_supervised || detail::SingleThreaded::run(start, policy);
        }
    };
    using steps = step_list<detail::DetectSupervisor, Threads>;

    static auto stays(const state& found) -> bool { return found.is_supervised; }
    static void stay(const auto& start) {
        start.core.template state<AutoFork>().daemon = start.host().pid();
    }

    static constexpr auto in_foreground() -> detail::SupervisedForeground { return {}; }
    template <class Base>
    using members = detail::supervised_members<Base>;
};
static_assert(ForkPolicy<AutoFork>);

} // namespace daemonizer

#endif
