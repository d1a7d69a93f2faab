// SPDX-License-Identifier: BSL-1.0
// The monitor's work once the daemon is ready: it passes signals on, and starts the daemon again.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_LOOP_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_LOOP_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/monitor/program_restart.hpp>
#include <daemonizer/launch/detail/monitor/restart_reason.hpp>
#include <daemonizer/launch/detail/monitor/restart_report.hpp>
#include <daemonizer/launch/detail/monitor/restart_schedule.hpp>
#include <daemonizer/launch/detail/process_tree.hpp>
#include <daemonizer/launch/detail/status_report.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>
#include <daemonizer/system/signal_bits.hpp>
#include <daemonizer/system/time_span.hpp>

#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host, class Core, int Seconds>
class [[gnu::visibility("hidden")]] RestartLoop;

/// The monitor ends a restarted daemon that is not ready after `Seconds`; 0: never.
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
        , daemon_{daemon}
        , program_{host, core, watch, signals} {}

    /// Returns the status to leave with once the daemon has ended for good.
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
        if (watch_.wait(host_, report_.end.fd, deadline_ == never ? nullptr : &limit) < 0)
            detail::sleep_for(host_, 10'000'000); // no memory in the kernel: it must not spin
    }

    /// A signal that ends a daemon without a monitor ends both, and no other daemon is started. A
    /// signal that the daemon collects waits until a daemon is ready, which it would end before.
    void pass_on(int signal) {
        const bool is_collected = Signals::collects(signal);
        const bool ends =
            signal == SIGTERM ||
            (!is_collected && (signal == SIGHUP || signal == SIGINT || signal == SIGQUIT));
        if (daemon_ != 0)
            look(); // a dead daemon must not get it
        is_asked_to_end_ = is_asked_to_end_ || ends;
        if (daemon_ == 0 || (is_collected && !ends && report_.end.fd >= 0))
            held_ |= is_collected ? detail::signal_bits(signal) : 0;
        else
            detail::insist([&] { return host_.signal(daemon_, signal); });
    }

    void look() {
        hear();
        siginfo_t how{};
        const auto find_dead = [&] {
            return host_.wait(P_ALL, 0, how, WEXITED | WNOHANG | WNOWAIT);
        };
        while (detail::insist(find_dead) >= 0 && how.si_pid != 0) {
            if (how.si_pid == daemon_)
                return ended(how);
            host_.wait(P_PID, how.si_pid, how, WEXITED | WNOHANG); // an orphan of the daemon's
        }
        if (deadline_ != never && host_.now() >= deadline_) {
            reason_.not_ready(Seconds);
            plan_next(124);
        }
    }

    void hear() {
        const auto other = [this](Report& report) {
            if (StatusReport::is_in(report))
                core_.tell(host_, event::starting{StatusReport::text_in(report)});
            else
                detail::pass_to_manager(host_, core_, report);
        };
        if (!report_.hear_ready(host_, daemon_, other,
                                [this] { core_.tell(host_, event::restarted{}); }))
            return;
        deadline_ = never;
        is_ready_ = true;
        for (; held_ != 0; held_ &= held_ - 1)
            host_.signal(daemon_, __builtin_ctzll(held_) + 1);
    }

    [[gnu::cold]] void ended(siginfo_t how) {
        const bool exited = how.si_code == CLD_EXITED;
        hear(); // its last words
        status_ = exited ? how.si_status : 128 + how.si_status;
        if ((exited && how.si_status == 0 && is_ready_) || is_asked_to_end_) {
            is_over_ = true;
            host_.wait(P_PID, daemon_, how, WEXITED);
            daemon_ = 0;
            return;
        }
        if (report_.has_failed)
            reason_.not_started(report_.failure);
        else
            reason_.ended(how);
        plan_next(status_ == 0 ? 1 : status_);
    }

    /// Plans the next start, or gives up. All that the daemon has forked is ended first: it may
    /// hold what the next daemon needs.
    [[gnu::cold]] void plan_next(int status) {
        status_ = status;
        core_.tell(host_, event::starting{reason_.failure().text()});
        ProcessTree<Host> processes{host_, watch_, signals_, daemon_, daemon_};
        processes.end_all();
        watch_.open(host_, all_);
        report_.reset(host_);
        is_ready_ = false;
        wait_or_give_up();
    }

    [[gnu::cold]] void wait_or_give_up() {
        daemon_ = 0;
        const long long now = host_.now();
        const long long delay = schedule_.next(now);
        deadline_ = now + delay;
        if (delay < 0)
            give_up();
    }

    [[gnu::cold]] void give_up() {
        is_over_ = true;
        reason_.add("; given up after restart ", restarts_);
        core_.tell(host_, event::not_launched{reason_.failure()});
        program_.say(report_.end, reason_.failure());
    }

    [[gnu::cold]] void start() {
        reason_.add("; started again, restart ", ++restarts_);
        daemon_ = program_.spawn(report_.end, reason_.failure(), false);
        deadline_ = Seconds != 0 ? host_.now() + Seconds * 1'000'000'000LL : never;
        if (daemon_ > 0)
            return;
        reason_.not_started(static_cast<int>(-daemon_));
        wait_or_give_up();
    }

    const Host& host_;
    Core& core_;
    SigchldWatch& watch_;
    StartSignals& signals_;
    sigset_t all_{};
    pid_t daemon_;               ///< 0 while the next start is awaited
    long long deadline_ = never; ///< of the next start, or of the daemon's until it is ready
    SignalBits held_ = 0;
    int status_ = 0;
    int restarts_ = 0;
    bool is_ready_ = true, is_asked_to_end_ = false, is_over_ = false;
    RestartSchedule<Monitoring::attempts, Monitoring::seconds> schedule_;
    ProgramRestart<Host, Core> program_;
    RestartReport report_; ///< open until the daemon is ready
    RestartReason reason_;
};

} // namespace daemonizer::detail

#endif
