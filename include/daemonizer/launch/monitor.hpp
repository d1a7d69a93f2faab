// SPDX-License-Identifier: BSL-1.0
// Monitor: a parent that starts the daemon again when it crashes.
#ifndef DAEMONIZER_LAUNCH_MONITOR_HPP
#define DAEMONIZER_LAUNCH_MONITOR_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/monitor/monitor_fork.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Is the form of a Monitor in the foreground, where a supervisor or a terminal is the parent:
/// there is no monitor.
struct NoMonitor {
    using slot = slots::monitor;
    using steps = step_list<>;
};
static_assert(Policy<NoMonitor>);

/// The launcher's child stays as the daemon's parent, under the pid file's number. When a signal
/// has killed the daemon, or its status was not 0, it is started again: after 0.1 s, and twice as
/// long after each further crash, up to 10 s. After `Attempts` restarts within `Seconds` the
/// monitor gives up. Neither the body's status 0 nor a stop is a crash.
///
/// The first start is the launcher's, who learns of its outcome as without a monitor. A restart
/// executes the program's file anew, with the arguments and the environment of the first start, and
/// runs all of main() again, with the directory, umask and limits that the process had in run(). Of
/// the composition all but the forks and the pid file happens again. Descriptors that were open in
/// the first start are open again where the composition keeps them and they are not close-on-exec.
/// A restart that fails counts as a crash. The daemon's log has each restart and its reason. Where
/// that log is a file or the journal (LogStdio, FileStdio, JournalStdio), the reason is written
/// before the program is executed, and what the program says before run() is there, too.
///
/// The monitor passes signals on: those that the composition collects, once the daemon is ready;
/// SIGTERM, and SIGINT, SIGHUP and SIGQUIT where they are not collected, end the daemon and the
/// monitor. After a crash the monitor ends whatever the daemon has forked. When the monitor is
/// killed the kernel kills the daemon, unless the body changes its user by itself. It is in a
/// process group of its own, and waits without the program's memory where ExitingLauncher does.
///
/// A process starts one such daemon at the most: a restart could not tell which of several it is.
/// After a start() that has succeeded another one fails in the launcher, with EEXIST.
///
/// `daemon.pid()` is the daemon's own number, not the pid file's. Under a supervisor (AutoFork, the
/// verb `run`) there is no monitor. Needs /proc in the first start. Fails with the errno of
/// open(2), fork(2), socketpair(2). Source: prctl(2) PR_SET_PDEATHSIG, proc(5) cmdline and environ.
template <int Attempts, int Seconds>
struct Monitor {
    constexpr Monitor() = default;
    constexpr explicit Monitor(int, int) {
        static_assert(
            given_as_value<Monitor>,
            "daemonizer: Monitor takes its numbers as template arguments: Monitor<5, 60>");
    }

    template <class Core>
    static constexpr void check() {
        using Fork = typename Core::template in<slots::fork>;
        static_assert(Attempts > 0 && Attempts <= 1000 && Seconds > 0,
                      "daemonizer: Monitor takes 1 to 1000 attempts, and seconds above 0");
        static_assert(Fork::detaches && !shares_memory<Fork>,
                      "daemonizer: Monitor needs SingleFork, DoubleFork or AutoFork");
    }
    static constexpr bool restarts = true; ///< whether another daemon may come
    /// Restarts within `seconds`, at the most. Others than positive ones are refused by check().
    static constexpr int attempts = Attempts > 0 ? Attempts : 1;
    static constexpr int seconds = Seconds; ///< within which `attempts` are counted

    struct state {
        detail::FirstStart first;
        pid_t monitor = 0;       ///< in the daemon: its parent
        int notify = -1;         ///< handed over: NOTIFY_SOCKET names it by its number
        bool is_restart = false; ///< in a daemon that was started anew
        bool is_last_word = false, is_said = false;
        Failure reason;                ///< of the restart
        int to_daemon = -1, null = -1; ///< in the monitor: spared while it closes others

        void spare(int report, int file) {
            to_daemon = report;
            null = file;
        }
        void each_descriptor(auto keep) const {
            keep(to_daemon);
            keep(null);
        }
        static void each_text(auto) {} ///< the undo reads none
    };

    /// Runs before another step changes the environment.
    struct Remember : undoable_step<phase::check> {
        static constexpr const char* name = "monitor";
        static constexpr bool ends_with_process = true;

        static auto run(const auto& start, const auto& policy) -> bool {
            auto& own = start.state(policy);
            if (own.is_restart)
                return true;
            if (!detail::is_first_restartable(start))
                return false;
            const char* file = "";
            const int error = own.first.read(start.host(), file);
            if (error < 0)
                own.first.release(start.host());
            return start.check(error, file);
        }
        template <class Host>
        [[gnu::visibility("hidden")]] static void undo(const Host& host, const auto&, auto& own) {
            own.first.release(host);
        }
        static void drop_launcher_copy(const auto& host, const auto&, auto& own) {
            detail::has_restartable_daemon = true;
            own.first.release(host);
        }
    };

    /// Runs last: a change of the user takes the setting away.
    struct EndWithMonitor : step<phase::named> {
        static constexpr const char* name = "monitor";

        static auto run(const auto& start, const auto& policy) -> bool {
            const pid_t monitor = start.state(policy).monitor;
            return monitor == 0 ||
                   start.check(detail::die_with(start.host(), monitor), "parent of the daemon");
        }
    };

    /// Returns whether a monitor has executed this program. The start then goes on as its daemon's.
    static auto is_restart(const auto& start) -> bool {
        detail::Handover handover;
        const auto& host = start.host();
        const int report = detail::receive_handover(host, handover);
        if (report < 0)
            return false;
        if (detail::die_with(host, handover.monitor) < 0)
            host.leave_at_once(1);
        using Start = std::remove_cvref_t<decltype(start)>;
        auto& own = start.core.template state<Monitor>();
        own.monitor = handover.monitor;
        own.is_restart = true;
        own.notify = handover.notify;
        own.is_last_word = handover.is_last_word;
        own.is_said = handover.is_said;
        own.reason = handover.reason;
        auto& detached = start.core.template state<typename Start::template in<slots::fork>>();
        detached.report.fd = report;
        detached.daemon = host.pid();
        if constexpr (requires { detached.is_decided; })
            detached.is_decided = true; // a daemon with a monitor was forked
        auto& pid = start.core.template state<typename Start::template in<slots::pid>>();
        if constexpr (requires { pid.fd; })
            if (handover.pid_file >= 0 && host.close_on_exec(handover.pid_file) >= 0)
                pid.fd = handover.pid_file;
        return true;
    }

    /// Returns in the daemon.
    template <class Steps>
    static void part(const auto& start) {
        detail::fork_monitored_daemon<Steps>(start);
    }

    static constexpr auto in_foreground() -> NoMonitor { return {}; }

    using slot = slots::monitor;
    using steps = step_list<Remember, EndWithMonitor>;

private:
    template <class Fork>
    static constexpr bool shares_memory = [] {
        if constexpr (requires { typename Fork::state; })
            return requires(typename Fork::state & state) { state.handed_over; };
        else
            return false;
    }();
};
Monitor(int, int)->Monitor<1, 1>;
static_assert(Policy<Monitor<5, 60>>);

} // namespace daemonizer

#endif
