// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_FORK_HPP
#define DAEMONIZER_FORK_HPP

#include <daemonizer/detail/leaving_launcher.hpp>
#include <daemonizer/detail/one_thread.hpp>
#include <daemonizer/policy.hpp>

#include <cerrno>
#include <type_traits>
#include <unistd.h>

namespace daemonizer {

/// In which process `detach` has returned.
enum class side { daemon, launcher, failed };

/// Launcher and daemon are one process: for supervisors, containers, debuggers.
struct NoFork {
    using slot = slots::fork;
    using steps = step_list<>;
    static constexpr bool detaches = false;
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
    using steps = step_list<OneThread>;
    static constexpr bool detaches = true;

    struct state {
        ReportEnd report; ///< the daemon's end, open until ready; in the launcher not open
        pid_t daemon = 0; ///< its pid; not known in the intermediate

        void each_descriptor(auto keep) const { keep(report.fd); }
    };

    template <class Start>
    static auto detach(const Start& start) -> side {
        const auto& host = start.host();
        host.flush(); // what cannot be written now stays buffered, and the daemon writes it
        ReportEnd launcher, daemon;
        if (const int error = open_report(host, launcher, daemon); error < 0)
            return failed(start, "report", "socketpair", error);
        ChildWatch watch;
        if (const int error = watch.begin(host, Twice, !Start::launcher_returns); error < 0) {
            launcher.close(host);
            daemon.close(host);
            return failed(start, "report", "signals", error);
        }
        const pid_t child = fork_daemon(start, launcher, daemon);
        if (child == 0) {
            if constexpr (Start::template in<slots::signals>::keeps)
                watch.end(host, false);
            return side::daemon;
        }
        daemon.close(host);
        const auto outcome = child < 0 ? failed(start, "fork", "the launcher's", child)
                                       : attend(start, watch, launcher, child);
        launcher.close(host);
        watch.end(host, true);
        return outcome;
    }

private:
    /// Returns 0 in the daemon; in the launcher the first child's pid or a negative errno.
    ///
    /// The first of two children needs no memory of its own: it only calls setsid and fork, while
    /// vfork holds the launcher still. Thus the memory is copied once, not twice. This function is
    /// never inlined: the daemon returns from it in its own copy of the stack, and the
    /// intermediate, which runs in the launcher's frame, never does. No answer comes back through
    /// memory, since some emulations of vfork share none.
    template <class Start>
    [[gnu::noinline]] static auto fork_daemon(const Start& start, ReportEnd launcher,
                                              ReportEnd report) -> pid_t {
        const auto& host = start.host();
        pid_t child;
        if constexpr (Twice && std::remove_cvref_t<decltype(host)>::shares_memory) {
            // Here and not in the host: the frame that calls it must last.
            child = ::vfork(); // NOLINT(clang-analyzer-security.insecureAPI.vfork)
            if (child < 0)
                return -errno;
        } else {
            child = host.fork();
        }
        if (child != 0)
            return child;
        launcher.close(host);
        if (const pid_t session = host.new_session(); session < 0)
            give_up(start, report, "setsid", "new session", session);
        if constexpr (Twice) {
            const pid_t daemon = host.fork();
            if (daemon < 0)
                give_up(start, report, "fork", "the intermediate's", daemon);
            if (daemon > 0)
                host.leave_at_once(report.send_forked(host, daemon) < 0 ? 1 : 0);
        }
        auto& state = start.core.template state<typename Start::template in<slots::fork>>();
        state.report = report;
        state.daemon = host.pid();
        return 0;
    }

    template <class Start>
    static auto attend(const Start& start, const ChildWatch& watch, const ReportEnd& report,
                       pid_t child) -> side {
        if constexpr (Start::launcher_returns) {
            const auto& host = start.host();
            Family family{host, watch, child, !Twice};
            if (!Witness{host, watch, report, family, start.seconds()}.attend(start.failure, [] {}))
                return side::failed;
            family.reap_intermediate();
            start.core.template state<typename Start::template in<slots::fork>>().daemon =
                family.daemon();
            return side::launcher;
        } else {
            const LeavingLauncher launcher{start};
            launcher.template attend<true>(watch, report, child, !Twice);
        }
    }

    template <class Start>
    static auto failed(const Start& start, const char* step, const char* what, int error) -> side {
        start.failure.name_step(step);
        start.fail(what, error);
        return side::failed;
    }

    template <class Start>
    static void give_up(const Start& start, ReportEnd report, const char* step, const char* what,
                        int error) {
        failed(start, step, what, error);
        report.send_failed(start.host(), start.failure);
        start.host().leave_at_once(1);
    }
};

} // namespace detail

/// One fork: the daemon leads its session. A terminal that it opens without O_NOCTTY becomes its
/// controlling terminal; prefer DoubleFork unless a debugger or supervisor follows one fork only.
struct SingleFork : detail::Forking<false> {};
static_assert(ForkPolicy<SingleFork>);

/// The classical two forks: the daemon leads no session. The default.
struct DoubleFork : detail::Forking<true> {};
static_assert(ForkPolicy<DoubleFork>);

} // namespace daemonizer

#endif
