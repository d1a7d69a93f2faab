// SPDX-License-Identifier: BSL-1.0
// The fork policies NoFork, SingleFork and DoubleFork.
#ifndef DAEMONIZER_LAUNCH_FORK_HPP
#define DAEMONIZER_LAUNCH_FORK_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/side.hpp>
#include <daemonizer/launch/detail/detachment.hpp>
#include <daemonizer/launch/detail/exiting_launcher.hpp>
#include <daemonizer/launch/detail/fork_members.hpp>
#include <daemonizer/launch/detail/staying_parent.hpp>
#include <daemonizer/launch/detail/thread_id_word.hpp>
#include <daemonizer/launch/single_threaded.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Does not fork: launcher and daemon are one process. For supervisors, containers, debuggers.
struct NoFork {
    using slot = slots::fork;
    using steps = step_list<>;
    static constexpr bool detaches = false;
    template <class Base>
    using members = detail::plain_fork_members<Base>;
};
static_assert(ForkPolicy<NoFork>);

namespace detail {

/// flush, fork, setsid and, with two forks, fork again: then the daemon is no session leader and
/// can never acquire a controlling terminal (APUE 13.3; daemon(7) steps 4-8). The launcher waits
/// for the outcome, and that is also what keeps every start from being lost: a launcher that leads
/// a terminal's session and exits at once has SIGHUP sent to a child that has no session of its own
/// yet.
template <bool Twice>
struct Forking {
    using slot = slots::fork;
    using steps = step_list<SingleThreaded>;
    using state = DetachedState;
    static constexpr bool detaches = true;
    template <class Base>
    using members = detail::plain_fork_members<Base>;
    static constexpr bool forks_twice = Twice; ///< then the daemon never is PID 1

    template <class Start>
    static auto detach(const Start& start) -> side {
        const auto& host = start.host();
        Detachment detachment;
        if (!detachment.begin(start))
            return side::failed;
        volatile pid_t named = 0; // the intermediate writes it
        ThreadIdWord<Start::launcher_returns> thread_id;
        if constexpr (shares_memory<Start>)
            thread_id.replace(host, named);
        const bool stays = detail::parent_stays(start.core);
        const pid_t child =
            stays ? detail::fork_below_parent<Twice>(start, detachment.launcher, detachment.daemon)
                  : fork_daemon(start, detachment.launcher, detachment.daemon, named);
        if (child == 0) {
            detail::restore_signals(start, detachment.watch);
            return side::daemon;
        }
        if constexpr (shares_memory<Start>)
            thread_id.restore(host);
        detachment.daemon.close(host);
        if (!Twice && !stays)
            named = child;
        const pid_t daemon = child < 0 ? (start.fail_step("fork", "the launcher's", child), 0)
                                       : wait_for_daemon(start, detachment, child, named);
        detachment.cancel(host, daemon);
        return daemon != 0 ? side::launcher : side::failed;
    }

private:
    /// Whether the intermediate runs on the launcher's memory.
    template <class Start>
    static constexpr bool shares_memory =
        Twice&& std::remove_cvref_t<decltype(std::declval<const Start&>().host())>::shares_memory;

    /// Returns 0 in the daemon; in the launcher the first child's pid or a negative errno.
    ///
    /// The first of two children needs no memory of its own: it only calls setsid and fork, while
    /// vfork holds the launcher still. Thus the memory is copied once, not twice. This function is
    /// never inlined: the daemon returns from it in its own copy of the stack, and the
    /// intermediate, which runs in the launcher's frame, never does.
    ///
    /// The intermediate tells the launcher the daemon's number in `named`, where the kernel says
    /// that they share it: some emulations of vfork share no memory. Elsewhere the daemon
    /// itself says who it is, at the price of waking the launcher before its own first step.
    template <class Start>
    [[gnu::noinline]] static auto fork_daemon(const Start& start, ReportEnd launcher,
                                              ReportEnd report, volatile pid_t& named) -> pid_t {
        const auto& host = start.host();
        pid_t child;
        if constexpr (shares_memory<Start>) {
            // vfork is called here and not in the host, since the frame that calls it must last.
            child = ::vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
            if (child < 0)
                return -errno;
        } else {
            child = host.fork();
        }
        if (child != 0)
            return child;
        launcher.close(host);
        const pid_t session = host.new_session();
        if (session < 0)
            detail::give_up(start, host, report, "setsid", "new session", session);
        bool is_named = !Twice;
        if constexpr (Twice) {
            if (session == 1)
                detail::give_up_as_process_1(start, host, report);
            using Host = std::remove_cvref_t<decltype(host)>;
            const auto& raw = Start::leaving::of(host);
            if constexpr (Host::shares_memory && requires { raw.shares_memory_with_parent(); })
                is_named = raw.shares_memory_with_parent();
            const pid_t daemon = host.fork();
            if (daemon < 0)
                detail::give_up(start, host, report, "fork", "the intermediate's", daemon);
            if (daemon > 0) {
                if (is_named)
                    named = daemon;
                host.leave_at_once(0);
            }
        }
        start.core.template state<typename Start::template in<slots::fork>>().begin(host, report,
                                                                                    is_named);
        return 0;
    }

    template <class Start>
    using Core = std::remove_cvref_t<decltype(std::declval<const Start&>().core)>;

    /// The daemon's number once it is ready, or 0; the launcher of run() does not return.
    template <class Start>
    static auto wait_for_daemon(const Start& start, Detachment& detachment, pid_t child,
                                volatile pid_t& named) -> pid_t {
        if constexpr (Start::launcher_returns) {
            const auto& host = start.host();
            using Host = std::remove_cvref_t<decltype(host)>;
            detail::StartupWait<Host, Start::seconds(), parent_may_stay<Core<Start>>> startup{
                host, detachment.watch, *start.signals, detachment.launcher, child, named};
            if constexpr (parent_may_stay<Core<Start>>)
                if (detail::parent_stays(start.core))
                    startup.processes().parent_stays();
            const auto tell = [&](pid_t daemon) { start.core.tell(host, event::launched{daemon}); };
            const auto pass_on = [&](Report& report) {
                if (!StatusReport::is_in(report))
                    return detail::pass_to_manager(host, start.core, report);
                start.core.tell(host, event::starting{StatusReport::text_in(report)});
                return true;
            };
            if (!startup.wait_for_outcome(
                    start.failure, [] {}, pass_on, tell))
                return 0;
            startup.processes().reap_intermediate();
            return start.core.template state<typename Start::template in<slots::fork>>().daemon =
                       startup.processes().daemon();
        } else {
            ExitingLauncher<Start, memory::own>{start}.wait_and_leave(detachment, child, named);
        }
    }
};

} // namespace detail

/// Forks once: the daemon leads its session. A terminal that it opens without O_NOCTTY becomes its
/// controlling terminal; prefer DoubleFork unless a debugger or supervisor follows one fork only.
/// Where the launcher has called unshare(CLONE_NEWPID) the daemon is process 1 of the new
/// namespace, and 1 is what its pid file holds; two forks are refused there. Fails as DoubleFork
/// does. Source: setsid(2); open(2), "O_NOCTTY".
struct SingleFork : detail::Forking<false> {};
static_assert(ForkPolicy<SingleFork>);

/// Forks twice, as is classical: the daemon leads no session. The default.
///
/// Like every policy that forks it fails as step "threads" where there are others than this one,
/// and as steps "report", "fork" and "setsid" with the errno of socketpair(2), fork(2) and
/// setsid(2). Source: daemon(7) steps 4 to 8 of SysV daemons.
struct DoubleFork : detail::Forking<true> {};
static_assert(ForkPolicy<DoubleFork>);

} // namespace daemonizer

#endif
