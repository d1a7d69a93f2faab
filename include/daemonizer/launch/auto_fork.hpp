// SPDX-License-Identifier: BSL-1.0
// AutoFork: forks only where nobody supervises the process.
#ifndef DAEMONIZER_LAUNCH_AUTO_FORK_HPP
#define DAEMONIZER_LAUNCH_AUTO_FORK_HPP

#include <daemonizer/launch/detail/supervisor_detection.hpp>
#include <daemonizer/launch/fork.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Is `NoFork` under a supervisor and `DoubleFork` elsewhere: one program for a shell and for every
/// home. Under a supervisor 0-2 stay what that gave, and StartTimeout and Monitor do nothing. All
/// else is as composed, the pid file too.
///
/// A supervisor is there if something names this very process: SYSTEMD_EXEC_PID or LISTEN_PID has
/// its number, NOTIFY_SOCKET is set and SYSTEMD_EXEC_PID names no other process, the descriptor of
/// a DescriptorNotify is open and a pipe or a socket, or it is process 1. What a shell below a
/// service inherits does not count. supervisord, runit and a container's --init name nothing:
/// compose NoFork there, or use the verb `run` of command_line(). AutoFork beside Type=forking is
/// wrong. Fails as DoubleFork does where it forks. Source: systemd.exec(5), "Environment variables
/// set or propagated by the service manager".
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
