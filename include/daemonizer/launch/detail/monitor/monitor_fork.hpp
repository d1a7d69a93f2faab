// SPDX-License-Identifier: BSL-1.0
// Forks the daemon from the process that becomes its monitor.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_MONITOR_FORK_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_MONITOR_FORK_HPP

#include <daemonizer/launch/detail/monitor/monitor_process.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>

#include <fcntl.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct [[gnu::visibility("hidden")]] MonitorFork;

/// Holds what monitor and daemon need of each other. It is made before the fork.
struct MonitorFork {
    ReportEnd to_monitor, report;
    SigchldWatch watch;
    int null = -1;

    /// `Record`: the steps of the pid policy. False when one has failed.
    template <class Record, class Start>
    auto prepare(const Start& start) -> bool {
        const auto& host = start.host();
        if (!Record::run(start))
            return false;
        const char* what;
        if (const int error = watch.begin<false>(host, what); error < 0)
            return start.fail_step("monitor", what, error);
        if constexpr (Start::template in<slots::stdio>::replaces) {
            null = detail::above_stdio(host, host.open(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC));
            if (null < 0)
                return start.fail_step("monitor", "/dev/null", null);
        }
        const int error = detail::open_report(host, to_monitor, report);
        return error >= 0 || start.fail_step("monitor", "socketpair", error);
    }

    /// In the daemon. It leads a process group: a signal that it sends to its group does not reach
    /// the monitor.
    template <class Start>
    void become_daemon(const Start& start, pid_t monitor) {
        using Fork = typename Start::template in<slots::fork>;
        const auto& host = start.host();
        auto& detached = start.core.template state<Fork>();
        to_monitor.close(host);
        detached.report.close(host);
        if (null >= 0)
            host.close(null);
        detached.report = report;
        detached.daemon = host.pid();
        host.lead_group();
        if (detail::die_with(host, monitor) < 0)
            host.leave_at_once(1);
        detail::restore_signals(start, watch);
    }
};

/// Closes in the monitor what it has inherited and the composition does not keep, and what would be
/// closed on exec: a listener that the program opens anew in each start. And the notify descriptor:
/// if the daemon ends before it is ready, the supervisor waits for the last copy to be closed.
template <class Close, class Start>
void close_in_monitor(const Start& start) {
    const auto& host = start.host();
    Failure ignored; // the daemon does the same, and says why it fails
    using Core = std::remove_cvref_t<decltype(start.core)>;
    static_cast<void>(Close::run(StepContext<Core>{start.core, ignored}));
    using Notify = typename Start::template in<slots::descriptor_notify>;
    if constexpr (!std::is_void_v<Notify>)
        start.core.template state<Notify>().close(host);
    const auto& kept = start.template option<slots::descriptors>();
    const auto close = [&host](int fd) {
        if (fd > 2 && (host.descriptor_flags(fd) & ~FD_CLOEXEC) == 0 &&
            host.descriptor_flags(fd) > 0)
            host.close(fd);
    };
    if constexpr (requires { kept.each_descriptor(close); })
        kept.each_descriptor(close);
}

/// Makes this process, which a fork policy has detached, the monitor: it records itself, forks the
/// daemon and never returns. Returns in the daemon. `Steps`: those that are the monitor's.
template <class Steps, class Start>
void fork_monitored_daemon(const Start& start) {
    const auto& host = start.host();
    auto& own = start.core.template state<typename Start::template in<slots::monitor>>();
    auto& detached = start.core.template state<typename Start::template in<slots::fork>>();
    own.monitor = detached.daemon;
    if constexpr (Start::template in<slots::signals>::keeps)
        start.signals->begin(host, true);
    MonitorFork made;
    const bool prepared = made.template prepare<typename Steps::record>(start);
    const pid_t child = prepared ? host.fork() : 0;
    if (prepared && child == 0)
        return made.become_daemon(start, own.monitor);
    if (child < 0)
        start.fail_step("fork", "the monitor's", child);
    MonitorProcess<Start> process{start, detached.report, made.null};
    if (child <= 0)
        process.fail(start.failure);
    made.report.close(host);
    own.spare(made.to_monitor.fd, made.null);
    detail::close_in_monitor<typename Steps::close>(start);
    process.run(made.watch, made.to_monitor, child);
}

} // namespace daemonizer::detail

#endif
