// SPDX-License-Identifier: BSL-1.0
// The launcher's wait for the outcome of a start.
#ifndef DAEMONIZER_LAUNCH_DETAIL_STARTUP_WAIT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_STARTUP_WAIT_HPP

#include <daemonizer/launch/detail/process_tree.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cerrno>
#include <ctime>
#include <poll.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host, int Seconds, bool ParentMayStay = false>
class [[gnu::visibility("hidden")]] StartupWait;

/// Waits, in the launcher, until the daemon is ready or has failed, and after
/// a failure until nothing of it is left. `Seconds` 0: without a limit.
template <class Host, int Seconds, bool ParentMayStay>
class StartupWait {
public:
    StartupWait(const Host& host, SigchldWatch& watch, StartSignals& signals,
                const ReportEnd& report, pid_t first, volatile pid_t& daemon)
        : host_{host}
        , watch_{watch}
        , signals_{signals}
        , report_{report}
        , processes_{host, watch, signals, first, daemon} {
        watch_.open(host, signals.watched());
        if constexpr (Seconds != 0)
            deadline_.at = host.now() + Seconds * 1'000'000'000LL;
    }

    auto processes() -> ProcessTree<Host, ParentMayStay>& { return processes_; }

    /// Something is there to be looked at: for whoever has other work to do meanwhile.
    auto has_news() const -> bool {
        // Of the report alone: the intermediate's end is no news, and comes at about this time.
        pollfd entry{report_.fd, POLLIN, 0};
        const timespec at_once{};
        return host_.poll(&entry, 1, &at_once, nullptr) != 0;
    }

    /// True when the daemon is ready, lives, and has been told that this is known. Otherwise
    /// nothing of the start is left, and `failure` says why. `meanwhile()` is called once, as soon
    /// as it is known who the daemon is, `show(report)` for a message that is none of the others,
    /// which tells whether it was a status, and `launched(daemon)` when it is ready and alive,
    /// before it is told so. Where `launched` has a member `failed(failure)`, that is called as
    /// soon as it is known why there will be no daemon, before what is left of it is ended.
    template <class Meanwhile, class Show, class Launched>
    [[gnu::noinline]] auto wait_for_outcome(Failure& failure, Meanwhile meanwhile, Show show,
                                            Launched launched) -> bool {
        Report report;
        // What the daemon wrote before it died, or before its time was over, is in a queue that
        // holds less than this; more is a worker's noise.
        int patience = 4096;
        for (bool dead = false, woken = false, waits = false;;) {
            if (!waits && processes_.daemon() != 0) {
                waits = true;
                meanwhile();
            }
            bool late = false;
            if (!dead) {
                const int came = wait_for_news(late);
                if (came < 0)
                    return failed(failure, "poll", -came);
                if ((came & SigchldWatch::signal_came) != 0) {
                    if (signals_.look(host_) != 0)
                        return cancel(failure);
                    if (signals_.watches_less())
                        watch_.open(host_, signals_.watched());
                    watch_.listen_again(host_);
                    woken = true;
                    dead = processes_.has_died(); // first this, then messages: it may have left one
                    if (!dead && !late && (came & SigchldWatch::message_came) == 0)
                        continue;
                }
            }
            pid_t sender;
            auto news = report_.receive(host_, report, sender);
            const bool heard = is_heard(news, sender);
            if (!heard || (news == message::other && show(report))) { // neither ends the wait
                if ((!dead && !late) || --patience > 0)
                    continue;
                news = message::none;
            }
            switch (news) {
            case message::forked:
                processes_.daemon_is(sender);
                dead = woken && processes_.has_died(); // its SIGCHLD may have come before its word
                break;
            case message::failed:
                failure = report.failure;
                if constexpr (requires { launched.failed(failure); })
                    launched.failed(failure);
                return clear_away(after_a_failure);
            case message::ready:
                return is_alive(failure) && accept(failure, launched);
            case message::other:
            case message::unreadable:
                failure.name_step("report");
                failure.describe("message from the daemon", "cannot be understood");
                return clear_away(0);
            case message::none:
            case message::closed:
                break;
            }
            if (news == message::closed || (news == message::none && dead))
                return end_after_death(failure, launched);
            if constexpr (Seconds != 0)
                if (late && news == message::none)
                    return give_up(failure);
        }
    }

private:
    // A daemon that failed still undoes and leaves by itself: its destructors and atexit functions.
    static constexpr long long after_a_failure = 5'000'000'000;
    // One that cannot be told is dead, and only its exit is awaited.
    static constexpr long long to_be_reaped = 100'000'000;

    /// A worker has inherited the report and may write what it likes into it. Only the daemon is
    /// heard, and before there is one whoever is to become it, or has failed to make it.
    auto is_heard(message news, pid_t sender) const -> bool {
        if (news == message::none || news == message::closed || news == message::unreadable)
            return true;
        if (processes_.daemon() != 0)
            return sender == processes_.daemon();
        return sender > 0 && (news == message::forked || sender == processes_.first());
    }

    auto wait_for_news([[maybe_unused]] bool& late) const -> int {
        if constexpr (Seconds == 0) {
            return watch_.wait(host_, report_.fd, nullptr);
        } else {
            // Even when the time is over it looks: the daemon was ready, the launcher late.
            const long long rest = deadline_.at - host_.now();
            const long long left = rest < 0 ? 0 : rest;
            late = left == 0;
            const timespec limit = detail::timespec_of(left);
            return watch_.wait(host_, report_.fd, &limit);
        }
    }

    /// Asked only once it is ready, and before it is told that this is known: a report that others
    /// hold open says nothing of a life.
    auto is_alive(Failure& failure) -> bool {
        using life = typename ProcessTree<Host, ParentMayStay>::life;
        life daemon;
        while ((daemon = processes_.look()) == life::unseen) {
            processes_.sleep();
            if (signals_.look(host_) != 0)
                return cancel(failure);
        }
        if (daemon == life::unknown)
            return failed(failure, "waitid", processes_.why_unknown());
        return daemon == life::runs || tell_death(failure, 0);
    }

    template <class Launched>
    auto accept(Failure& failure, Launched launched) -> bool {
        if (signals_.look(host_) != 0)
            return cancel(failure);
        if constexpr (ParentMayStay)
            if (!processes_.give_daemon_away())
                return tell_death(failure, 0);
        if constexpr (std::is_same_v<decltype(launched(pid_t{})), bool>)
            return launched(processes_.daemon()); // which has told it
        else
            launched(processes_.daemon());
        return report_.acknowledge(host_) >= 0 || tell_death(failure, to_be_reaped);
    }

    auto cancel(Failure& failure) -> bool {
        const int signal = signals_.cancelled();
        failure.name_step("launcher");
        failure.describe("start", "cancelled by ", EINTR, 128 + signal)
            .text(detail::signal_text(signal));
        return clear_away(0);
    }

    auto give_up(Failure& failure) -> bool {
        failure.name_step("start timeout");
        failure.describe("daemon", "not ready after ", 0, 124)
            .number(Seconds)
            .text(" s, and ended");
        return clear_away(0);
    }

    template <class Launched>
    auto end_after_death(Failure& failure, Launched launched) -> bool {
        if constexpr (requires { launched.failed(failure); }) {
            processes_.let_leave(after_a_failure);
            describe_death(failure);
            launched.failed(failure);
            return clear_away(0);
        } else {
            return tell_death(failure, after_a_failure);
        }
    }

    auto tell_death(Failure& failure, long long patience) -> bool {
        clear_away(patience);
        describe_death(failure);
        return false;
    }

    void describe_death(Failure& failure) const {
        failure.name_step("daemon");
        const siginfo_t& end = processes_.end();
        if (end.si_pid == 0)
            failure.describe("ended before it was ready", "how is not known");
        else if (end.si_code == CLD_EXITED)
            failure.describe("ended before it was ready", "exit status ", 0, end.si_status)
                .number(end.si_status);
        else
            failure
                .describe("killed before it was ready", detail::signal_text(end.si_status), 0,
                          128 + end.si_status)
                .text(", signal ")
                .number(end.si_status);
    }

    auto failed(Failure& failure, const char* what, int error) -> bool {
        failure.name_step("report");
        failure.describe(what, error);
        return clear_away(0);
    }

    auto clear_away(long long patience) -> bool {
        if (patience != 0)
            processes_.let_leave(patience);
        processes_.end_all();
        return false;
    }

    struct Deadline {
        long long at = 0;
    };
    struct no_deadline {};

    [[no_unique_address]] Host host_;
    SigchldWatch& watch_;
    StartSignals& signals_;
    const ReportEnd report_;
    ProcessTree<Host, ParentMayStay> processes_;
    [[no_unique_address]] std::conditional_t<Seconds != 0, Deadline, no_deadline> deadline_;
};

} // namespace daemonizer::detail

#endif
