// SPDX-License-Identifier: BSL-1.0
// The monitor's end of the socket on which a restarted daemon says how its start goes.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_REPORT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_REPORT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/launch/detail/monitor/handover.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct [[gnu::visibility("hidden")]] RestartReport;

struct RestartReport {
    ReportEnd end;
    bool has_failed = false;
    Failure failure; ///< the daemon's word, where it has failed

    /// Takes one message. True when the daemon is ready and has received the acknowledgement;
    /// `restarted()` is called before that is sent, and `other(report)` for what else the daemon
    /// says.
    template <class Host, class Other, class Restarted>
    auto hear_ready(const Host& host, pid_t daemon, Other other, Restarted restarted) -> bool {
        if (end.fd < 0)
            return false;
        Report report;
        pid_t sender;
        message news = end.receive(host, report, sender);
        if (news == message::closed) // is said first where the handover was not read
            news = end.receive(host, report, sender);
        if (news == message::closed || news == message::unreadable) {
            end.close(host);
        } else if (sender != daemon) {
            return false; // a worker of the daemon's has written it
        } else if (news == message::failed) {
            has_failed = true;
            failure = report.failure;
        } else if (news == message::other) {
            other(report);
        } else if (news == message::ready) {
            restarted();
            if (detail::insist([&] { return end.acknowledge(host); }) < 0)
                return false;
            end.close(host);
            return true;
        }
        return false;
    }

    template <class Host>
    void reset(const Host& host) {
        end.close(host);
        has_failed = false;
    }
};

} // namespace daemonizer::detail

#endif
