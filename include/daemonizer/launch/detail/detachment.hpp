// SPDX-License-Identifier: BSL-1.0
// Prepares a start's fork, and takes the preparations back.
#ifndef DAEMONIZER_LAUNCH_DETAIL_DETACHMENT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_DETACHMENT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/sigchld_watch.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/launch/detail/status_report.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct [[gnu::visibility("hidden")]] Detachment;

/// Holds what still connects launcher and daemon: the report, and the launcher's watch over its
/// children.
struct Detachment {
    ReportEnd launcher, daemon;
    SigchldWatch watch;

    /// False when the step has failed; then nothing is left of it.
    template <class Start>
    auto begin(const Start& start) -> bool {
        const auto& host = start.host();
        // The kernel ends a pid namespace with its first process (pid_namespaces(7)).
        if constexpr (!Start::launcher_returns)
            if (host.pid() == 1)
                return refuse_process_1(start);
        host.flush(); // what cannot be written now stays buffered, and the daemon writes it
        if (const int error = detail::open_report(host, launcher, daemon); error < 0)
            return start.fail_step("report", "socketpair", error);
        const char* what;
        if (const int error = watch.begin<Start::launcher_returns>(host, what); error < 0) {
            close(host);
            return start.fail_step("report", what, error);
        }
        return true;
    }

    /// Back to before begin(), in the launcher, but for the daemon `started` where there is one.
    template <class Host>
    void cancel(const Host& host, pid_t started = 0) {
        close(host);
        watch.end(host, started);
    }

private:
    template <class Start>
    [[gnu::cold, gnu::noinline]] static auto refuse_process_1(const Start& start) -> bool {
        start.failure.name_step("fork");
        return start.fail("process 1",
                          "its exit would end the daemon, too; compose AutoFork or NoFork", EINVAL);
    }
    template <class Host>
    void close(const Host& host) {
        launcher.close(host);
        daemon.close(host);
    }
};

/// The state of a fork policy.
struct DetachedState {
    ReportEnd report; ///< the daemon's end, open until ready; in the launcher not open
    pid_t daemon = 0; ///< its pid; not known in the intermediate

    void each_descriptor(auto keep) const { keep(report.fd); }

    /// The first act of a daemon: says that it is there, before it can fork or die of a step.
    /// `named`: the launcher knows its number already. Who cannot say it has no launcher, or can
    /// have none: ready() finds that out.
    template <class Host>
    void begin(const Host& host, const ReportEnd& end, bool named = false) {
        report = end;
        daemon = host.pid();
        if (!named && report.send_forked(host) < 0)
            report.close(host);
    }
    /// Tells the launcher how far the daemon is. The launcher may show it.
    template <class Host>
    void say_status(const Host& host, const char* text) const {
        // Named, so that it is instantiated.
        (void)&StatusIsTaken<typename exiting_host<Host>::type>::value;
        report.send_status(host, text);
    }
};

/// In a daemon that keeps its signals.
template <class Start>
void restore_signals(const Start& start, const SigchldWatch& watch) {
    if constexpr (Start::template in<slots::signals>::keeps) {
        watch.restore_disposition(start.host());
        start.signals->end(start.host());
    }
}

/// Tells the launcher why there is no daemon, and leaves: between launcher and daemon.
template <class Start, class Host>
[[noreturn, gnu::cold, gnu::noinline, gnu::visibility("hidden")]] void
give_up(const Start& start, const Host& host, const ReportEnd& report, const char* step,
        const char* what, int error) {
    start.fail_step(step, what, error);
    report.send_failed(host, start.failure);
    host.leave_at_once(1);
}

/// Refuses two forks where the intermediate is the first process of a new pid namespace: its exit
/// would end that, and the daemon with it (pid_namespaces(7)).
template <class Start, class Host>
[[noreturn, gnu::cold, gnu::noinline]] void
give_up_as_process_1(const Start& start, const Host& host, const ReportEnd& report) {
    start.failure.name_step("fork");
    start.failure.describe("new pid namespace",
                           "two forks would end its first process, and with it the daemon; use "
                           "SingleFork",
                           EINVAL);
    report.send_failed(host, start.failure);
    host.leave_at_once(1);
}

} // namespace daemonizer::detail

#endif
