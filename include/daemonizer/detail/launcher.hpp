// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_LAUNCHER_HPP
#define DAEMONIZER_DETAIL_LAUNCHER_HPP

#include <daemonizer/detail/family.hpp>
#include <daemonizer/detail/report.hpp>
#include <daemonizer/detail/system_text.hpp>

#include <poll.h>
#include <type_traits>

namespace daemonizer::detail {

template <class Host, int Seconds>
class [[gnu::visibility("hidden")]] Witness;

/// The launcher as the witness of a start: waits until the daemon is ready or has failed, and after
/// a failure until nothing of it is left. `Seconds` 0: without a limit.
template <class Host, int Seconds>
class Witness {
public:
    Witness(const Host& host, const ChildWatch& watch, const ReportEnd& report,
            const Family<Host>& family)
        : host_{host}, watch_{watch}, report_{report}, family_{family} {
        if constexpr (Seconds != 0)
            deadline_.at = host.now() + Seconds * 1'000'000'000LL;
    }

    auto family() -> Family<Host>& { return family_; }

    /// True when the daemon is ready and knows that this is known. Otherwise `failure` says why.
    /// `meanwhile` is called once, as soon as it is known who the daemon is.
    template <class Meanwhile>
    auto attend(Failure& failure, Meanwhile meanwhile) -> bool {
        // Kept until the intermediate has said who the daemon is, which may be later: a report that
        // is closed with a message unread resets the other end, and the daemon would never read
        // that it was taken.
        auto said = message::none;
        Report report;
        for (bool dead = false, woken = false, waits = false;;) {
            if (!waits && said == message::none && family_.daemon() != 0) {
                waits = true;
                meanwhile();
            }
            if (!dead) {
                const int ready = poll_report();
                woken = woken || ready == -EINTR;
                if (ready == -EINTR)
                    dead = family_.has_died(); // first this, then messages: it may have left one
                else if (ready < 0)
                    return failed(failure, ready);
                if constexpr (Seconds != 0)
                    if (ready == 0)
                        return give_up(failure);
            }
            const message news = report_.receive(host_, report);
            switch (news) {
            case message::forked:
                family_.daemon_is(report.head.process);
                dead = woken && family_.has_died(); // its SIGCHLD may have come before its name
                break;
            case message::failed:
                failure = report.failure;
                [[fallthrough]];
            case message::ready:
                said = news;
                break;
            case message::broken:
                failure.name_step("report");
                failure.describe("message from the daemon", "cannot be understood");
                return clear_away(0);
            case message::none:
            case message::closed:
                break;
            }
            const bool known = family_.daemon() != 0;
            const bool over = news == message::closed || (news == message::none && dead);
            if (said == message::failed && (known || over))
                return clear_away(after_a_failure);
            if (said == message::ready && known)
                return accept(failure);
            if (over)
                return tell_death(failure, after_a_failure);
        }
    }

private:
    // A daemon that failed still undoes and leaves by itself: its destructors and atexit functions.
    static constexpr long long after_a_failure = 5'000'000'000;
    // One that cannot be told is dead, and only its exit is awaited.
    static constexpr long long to_be_reaped = 100'000'000;

    auto poll_report() const -> int {
        pollfd entry{report_.fd, POLLIN, 0};
        if constexpr (Seconds == 0)
            return host_.poll(&entry, 1, nullptr, watch_.while_polling());
        else
            return poll_until_deadline(entry);
    }

    auto poll_until_deadline(pollfd& entry) const -> int requires(Seconds != 0) {
        const long long left = deadline_.at - host_.now();
        if (left <= 0)
            return 0;
        const timespec limit{static_cast<time_t>(left / 1'000'000'000),
                             static_cast<long>(left % 1'000'000'000)};
        return host_.poll(&entry, 1, &limit, watch_.while_polling());
    }

    auto accept(Failure& failure) -> bool {
        return report_.acknowledge(host_) >= 0 || tell_death(failure, to_be_reaped);
    }

    auto give_up(Failure& failure) -> bool {
        failure.name_step("start timeout");
        failure.describe("daemon", "ended, since it was not ready after seconds: ", 0, 124)
            .number(Seconds);
        return clear_away(0);
    }

    auto tell_death(Failure& failure, long long patience) -> bool {
        clear_away(patience);
        failure.name_step("daemon");
        const siginfo_t& end = family_.end();
        if (end.si_pid == 0)
            failure.describe("ended before it was ready", "how is not known");
        else if (end.si_code == CLD_EXITED)
            failure.describe("ended before it was ready", "exit status ", 0, end.si_status)
                .number(end.si_status);
        else
            failure
                .describe("killed before it was ready", signal_text(end.si_status), 0,
                          128 + end.si_status)
                .text(", signal ")
                .number(end.si_status);
        return false;
    }

    auto failed(Failure& failure, int error) -> bool {
        failure.name_step("report");
        failure.describe("poll", -error);
        return clear_away(0);
    }

    auto clear_away(long long patience) -> bool {
        if (patience != 0)
            family_.let_leave(patience);
        family_.end_all();
        return false;
    }

    struct Deadline {
        long long at = 0;
    };
    struct no_deadline {};

    [[no_unique_address]] Host host_;
    const ChildWatch& watch_;
    const ReportEnd report_;
    Family<Host> family_;
    [[no_unique_address]] std::conditional_t<Seconds != 0, Deadline, no_deadline> deadline_;
};

} // namespace daemonizer::detail

#endif
