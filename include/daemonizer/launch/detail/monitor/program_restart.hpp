// SPDX-License-Identifier: BSL-1.0
// Forks the child of a monitor that executes the program again.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_PROGRAM_RESTART_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_PROGRAM_RESTART_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/monitor/handover.hpp>
#include <daemonizer/launch/detail/monitor/restart_log.hpp>
#include <daemonizer/launch/detail/sigchld_watch.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>

#include <signal.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host, class Core>
class [[gnu::visibility("hidden")]] ProgramRestart;

template <class Host, class Core>
class ProgramRestart {
    using Monitoring = typename Core::template in<slots::monitor>;

public:
    ProgramRestart(const Host& host, Core& core, const SigchldWatch& watch, StartSignals& signals)
        : host_{host}, core_{core}, watch_{watch}, signals_{signals}, monitor_{host.pid()} {}

    /// Returns the child's number or a negative errno. `report` becomes the monitor's end of the
    /// socket on which the child says how its start goes. With `is_last_word` the child only
    /// writes the reason into the log.
    auto spawn(ReportEnd& report, const Failure& reason, bool is_last_word) -> pid_t {
        ReportEnd theirs;
        if (const int error = detail::open_report(host_, report, theirs); error < 0)
            return error;
        const pid_t child = host_.fork();
        if (child == 0)
            become_program(report, theirs, reason, is_last_word);
        theirs.close(host_);
        if (child < 0)
            report.close(host_);
        return child;
    }

    /// Has a child write `reason` into the daemon's log, and waits for it, but not for ever.
    [[gnu::cold]] void say(ReportEnd& report, const Failure& reason) {
        constexpr long long patience = 5'000'000'000;
        const pid_t speaker = spawn(report, reason, true);
        const long long end = host_.now() + patience;
        siginfo_t how;
        while (speaker > 0 && host_.wait(P_PID, speaker, how, WEXITED | WNOHANG) >= 0 &&
               how.si_pid == 0) {
            if (host_.now() > end)
                host_.signal(speaker, SIGKILL);
            detail::sleep_for(host_, 10'000'000);
        }
    }

private:
    auto pid_file() const -> int {
        using Pid = typename Core::template in<slots::pid>;
        if constexpr (requires { core_.template state<Pid>().fd; })
            return core_.template state<Pid>().fd;
        else
            return -1;
    }

    auto notify_descriptor() const -> int {
        using Notify = typename Core::template in<slots::notify>;
        if constexpr (requires { core_.template state<Notify>().adopted(); })
            return core_.template state<Notify>().adopted();
        else
            return -1;
    }

    /// `monitors`: the monitor's end of the report, a copy of which hands over.
    [[noreturn]] void become_program(const ReportEnd& monitors, const ReportEnd& report,
                                     const Failure& reason, bool is_last_word) {
        host_.lead_group();
        if (detail::die_with(host_, monitor_) < 0)
            host_.leave_at_once(1);
        FirstStart& first = core_.template state<Monitoring>().first;
        const bool is_said = RestartLog<Host, Core>{host_, core_}.take(reason, first);
        if (is_said && is_last_word)
            host_.leave_at_once(0);
        int error = hand_over(monitors, {Handover::of_monitor, monitor_, pid_file(),
                                         notify_descriptor(), is_last_word, is_said, reason});
        if (error >= 0)
            error = pass_descriptors(report);
        first.complete(host_.pid(), report.fd);
        watch_.restore_disposition(host_);
        signals_.end(host_);
        if (error >= 0)
            error = host_.execute(first.path, first.arguments, first.environment);
        Failure failure;
        failure.name_step("exec");
        failure.describe(first.path, -error);
        report.send_failed(host_, failure);
        host_.leave_at_once(127);
    }

    // Both return 0 or a negative errno.
    auto hand_over(const ReportEnd& monitors, const Handover& handover) const -> int {
        const long sent = host_.send(monitors.fd, &handover, sizeof handover);
        return sent < 0 ? static_cast<int>(sent) : 0;
    }
    auto pass_descriptors(const ReportEnd& report) const -> int {
        int error = 0;
        const int file = pid_file();
        const auto pass = [&](int fd) {
            if (const int refused = host_.pass_on_exec(fd); refused < 0)
                error = refused;
        };
        pass(report.fd);
        if (file >= 0)
            pass(file);
        if (const int notify = notify_descriptor(); notify >= 0)
            pass(notify);
        using Sockets = typename Core::template in<slots::sockets>;
        if constexpr (requires { core_.template state<Sockets>().each_descriptor(pass); })
            core_.template state<Sockets>().each_descriptor(pass);
        return error;
    }

    const Host& host_;
    Core& core_;
    const SigchldWatch& watch_;
    StartSignals& signals_;
    const pid_t monitor_;
};

} // namespace daemonizer::detail

#endif
