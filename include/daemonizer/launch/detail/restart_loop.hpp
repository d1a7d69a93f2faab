// SPDX-License-Identifier: BSL-1.0
// The monitor's work once the daemon is ready: it passes signals on, and starts the daemon again.
#ifndef DAEMONIZER_LAUNCH_DETAIL_RESTART_LOOP_HPP
#define DAEMONIZER_LAUNCH_DETAIL_RESTART_LOOP_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/handover.hpp>
#include <daemonizer/launch/detail/process_tree.hpp>
#include <daemonizer/launch/detail/restart_schedule.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/signal_bits.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cerrno>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host, class Core, int Seconds>
class [[gnu::visibility("hidden")]] RestartLoop;

/// `Seconds`: after which a restarted daemon that is not ready is ended; 0: never.
template <class Host, class Core, int Seconds>
class RestartLoop {
    using Monitoring = typename Core::template in<slots::monitor>;
    using Signals = typename Core::template in<slots::signals>;

public:
    RestartLoop(const Host& host, Core& core, SigchldWatch& watch, StartSignals& signals,
                pid_t daemon)
        : host_{host}
        , core_{core}
        , watch_{watch}
        , signals_{signals}
        , monitor_{host.pid()}
        , daemon_{daemon} {}

    /// Until the daemon has ended for good. Returns the status to leave with.
    auto run() -> int {
        sigfillset(&all_);
        watch_.open(host_, all_);
        while (!is_over_) {
            sleep();
            for (int signal; !is_over_ && (signal = host_.take_signal(all_)) > 0;)
                if (signal != SIGCHLD)
                    pass_on(signal);
            if (is_over_)
                break;
            if (daemon_ != 0)
                look();
            else if (is_asked_to_end_)
                is_over_ = true;
            else if (host_.now() >= deadline_)
                start();
        }
        return status_;
    }

private:
    static constexpr long long never = -1;

    void sleep() const {
        const long long left = deadline_ == never ? 0 : deadline_ - host_.now();
        const timespec limit = detail::timespec_of(left < 0 ? 0 : left);
        if (watch_.wait(host_, report_.fd, deadline_ == never ? nullptr : &limit) < 0)
            detail::sleep_for(host_, 10'000'000); // no memory in the kernel: it must not spin
    }

    /// A signal that ends a daemon without a monitor ends it, and no other is started. What the
    /// daemon collects waits until there is one that is ready, since it would end it before.
    void pass_on(int signal) {
        const bool is_collected = Signals::collects(signal);
        const bool ends =
            signal == SIGTERM ||
            (!is_collected && (signal == SIGHUP || signal == SIGINT || signal == SIGQUIT));
        if (daemon_ != 0)
            look(); // one that is dead already must not get it
        is_asked_to_end_ = is_asked_to_end_ || ends;
        if (daemon_ == 0 || (is_collected && !ends && report_.fd >= 0))
            held_ |= is_collected ? detail::signal_bits(signal) : 0;
        else
            detail::insist([&] { return host_.signal(daemon_, signal); });
    }

    void look() {
        if (report_.fd >= 0)
            hear();
        siginfo_t how{};
        while (host_.wait(P_ALL, 0, how, WEXITED | WNOHANG | WNOWAIT) >= 0 && how.si_pid != 0) {
            if (how.si_pid == daemon_)
                return ended(how);
            host_.wait(P_PID, how.si_pid, how, WEXITED | WNOHANG); // an orphan of the daemon's
        }
        if (deadline_ != never && host_.now() >= deadline_) {
            describe("daemon", "not ready after ").number(Seconds).text(" s, and ended");
            again(124);
        }
    }

    /// What a restarted daemon says.
    void hear() {
        Report report;
        pid_t sender;
        message news = report_.receive(host_, report, sender);
        if (news ==
            message::closed) // said first where the handover was not read; then what was sent
            news = report_.receive(host_, report, sender);
        if (news == message::closed || news == message::unreadable) {
            report_.close(host_);
        } else if (sender != daemon_) {
            return; // a worker's word, or nobody's
        } else if (news == message::failed) {
            has_failed_ = true;
            failure_ = report.failure;
        } else if (news == message::ready &&
                   detail::insist([this] { return report_.acknowledge(host_); }) >= 0) {
            report_.close(host_);
            deadline_ = never;
            is_ready_ = true;
            for (; held_ != 0; held_ &= held_ - 1)
                host_.signal(daemon_, __builtin_ctzll(held_) + 1);
        }
    }

    [[gnu::cold]] void ended(siginfo_t how) {
        const bool exited = how.si_code == CLD_EXITED;
        if (report_.fd >= 0)
            hear(); // what it said last
        status_ = exited ? how.si_status : 128 + how.si_status;
        if ((exited && how.si_status == 0 && is_ready_) || is_asked_to_end_) {
            is_over_ = true;
            host_.wait(P_PID, daemon_, how, WEXITED);
            daemon_ = 0;
            return;
        }
        if (has_failed_)
            describe("daemon not started", failure_.step()).text(": ").text(failure_.text());
        else if (exited)
            describe("daemon", "has ended with status ").number(how.si_status);
        else
            describe("daemon", "was killed: ")
                .text(detail::signal_text(how.si_status))
                .text(", signal ")
                .number(how.si_status);
        again(status_ == 0 ? 1 : status_);
    }

    auto describe(const char* what, const char* why) -> LineWriter& {
        reason_.name_step("monitor");
        return text_ = reason_.describe(what, why);
    }

    /// The next start is planned, or there is none any more. All that the daemon has forked is
    /// ended first: it may hold what the next one needs.
    [[gnu::cold]] void again(int status) {
        status_ = status;
        ProcessTree<Host> processes{host_, watch_, signals_, daemon_, daemon_};
        processes.end_all();
        watch_.open(host_, all_);
        report_.close(host_);
        daemon_ = 0;
        is_ready_ = has_failed_ = false;
        const long long now = host_.now();
        const long long delay = schedule_.next(now);
        deadline_ = now + delay;
        if (delay < 0)
            give_up();
    }

    /// The reason is said by a last process, which has the log.
    [[gnu::cold]] void give_up() {
        is_over_ = true;
        append("; given up after restarts: ", Monitoring::attempts);
        constexpr long long patience = 5'000'000'000;
        const pid_t speaker = spawn(true);
        siginfo_t how;
        for (const long long end = host_.now() + patience;
             speaker > 0 && host_.wait(P_PID, speaker, how, WEXITED | WNOHANG) >= 0 &&
             how.si_pid == 0;) {
            if (host_.now() > end)
                host_.signal(speaker, SIGKILL);
            detail::sleep_for(host_, 10'000'000);
        }
    }

    [[gnu::cold]] void start() {
        append("; started again, restart ", ++restarts_);
        daemon_ = spawn(false);
        deadline_ = Seconds != 0 ? host_.now() + Seconds * 1'000'000'000LL : never;
        if (daemon_ > 0)
            return;
        describe("daemon not started", detail::error_text(static_cast<int>(-daemon_)));
        daemon_ = 0;
        const long long delay = schedule_.next(host_.now());
        deadline_ = host_.now() + delay;
        if (delay < 0)
            give_up();
    }

    void append(const char* text, long long number) { text_.text(text).number(number); }

    /// A child that becomes the program anew. Its number or a negative errno.
    auto spawn(bool is_last_word) -> pid_t {
        ReportEnd theirs;
        if (const int error = detail::open_report(host_, report_, theirs); error < 0)
            return error;
        int pid_file = -1;
        using Pid = typename Core::template in<slots::pid>;
        if constexpr (requires { core_.template state<Pid>().fd; })
            pid_file = core_.template state<Pid>().fd;
        const Handover handover{Handover::of_monitor, monitor_, pid_file, is_last_word, reason_};
        const long sent = host_.send(report_.fd, &handover, sizeof handover);
        const pid_t child = sent < 0 ? static_cast<pid_t>(sent) : host_.fork();
        if (child == 0)
            become_daemon(theirs, pid_file);
        theirs.close(host_);
        if (child < 0)
            report_.close(host_);
        return child;
    }

    [[noreturn]] void become_daemon(const ReportEnd& report, int pid_file) {
        host_.lead_group();
        if (detail::die_with(host_, monitor_) < 0)
            host_.leave_at_once(1);
        FirstStart& first = core_.template state<Monitoring>().first;
        const auto pass = [this](int fd) { host_.pass_on_exec(fd); };
        pass(report.fd);
        if (pid_file >= 0)
            pass(pid_file);
        using Sockets = typename Core::template in<slots::sockets>;
        if constexpr (requires { core_.template state<Sockets>().each_descriptor(pass); })
            core_.template state<Sockets>().each_descriptor(pass);
        FirstStart::write_number(first.handover, report.fd);
        if (first.listen_pid != nullptr)
            FirstStart::write_number(first.listen_pid, host_.pid());
        watch_.restore_disposition(host_);
        signals_.end(host_);
        const int error = host_.execute(first.path, first.arguments, first.environment);
        failure_.name_step("exec");
        failure_.describe(first.path, -error);
        report.send_failed(host_, failure_);
        host_.leave_at_once(127);
    }

    const Host& host_;
    Core& core_;
    SigchldWatch& watch_;
    StartSignals& signals_;
    sigset_t all_{};
    const pid_t monitor_;
    pid_t daemon_;               ///< 0 while the next start is awaited
    ReportEnd report_;           ///< open until the daemon is ready
    long long deadline_ = never; ///< of the next start, or of the daemon's until it is ready
    SignalBits held_ = 0;
    int status_ = 0;
    int restarts_ = 0;
    bool is_ready_ = true, is_asked_to_end_ = false, has_failed_ = false, is_over_ = false;
    RestartSchedule<Monitoring::attempts, Monitoring::seconds> schedule_;
    Failure failure_; ///< what the daemon said of its start
    Failure reason_;
    char nothing_[1];
    LineWriter text_{nothing_, sizeof nothing_}; ///< goes on with the reason's text
};

} // namespace daemonizer::detail

#endif
