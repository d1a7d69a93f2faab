// SPDX-License-Identifier: BSL-1.0
// The daemon's wait for the trial of its next program.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_TRIAL_WAIT_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_TRIAL_WAIT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/time_span.hpp>
#include <daemonizer/system/toolchain/first_start.hpp>

#include <cerrno>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// `report`: the daemon's end of the socket on which the child says how its trial went. The child
/// leads a process group, and is gone when the wait is over, with all of that group.
template <class Host>
class TrialWait {
public:
    TrialWait(const Host& host, int report, pid_t child, int seconds)
        : host_{host}
        , report_{report}
        , child_{child}
        , process_{host.open_process(child)}
        , seconds_{seconds} {}
    TrialWait(const TrialWait&) = delete;
    auto operator=(const TrialWait&) -> TrialWait& = delete;

    /// True when the child was ready. Else `failure` says why not. `say_alive()` is called often
    /// enough, and returns how many nanoseconds it can wait for the next call.
    template <class SayAlive>
    auto wait(Failure& failure, SayAlive say_alive) -> bool {
        Failure said;
        const long got = hear(said, say_alive);
        const bool is_late = got == -EAGAIN && !is_dead_;
        end_trial(is_late, say_alive);
        if (got == 1)
            return true;
        if (got == sizeof said) {
            said.sanitise();
            failure.describe("trial failed", said.step()).text(": ").text(said.text());
        } else if (is_late) {
            failure.describe("trial", "not ready after ").number(seconds_).text(" s, and ended");
        } else if (got < 0 && got != -EAGAIN && got != -ECONNRESET) {
            failure.describe("trial: report", static_cast<int>(-got));
        } else if (end_.si_pid == 0) {
            failure.describe("trial", "ended before it was ready, how is not known");
        } else if (end_.si_code == CLD_EXITED) {
            failure.describe("trial", "ended before it was ready, exit status ")
                .number(end_.si_status);
        } else {
            failure.describe("trial", "killed before it was ready: ")
                .text(detail::signal_text(end_.si_status))
                .text(", signal ")
                .number(end_.si_status);
        }
        return false;
    }

private:
    /// The size of the child's message: 1 says that it is ready, a Failure why not. A negative
    /// errno where there is none.
    template <class SayAlive>
    auto hear(Failure& said, SayAlive say_alive) -> long {
        const long long deadline = host_.now() + seconds_ * 1'000'000'000LL;
        long got = -EAGAIN;
        for (long long left; got == -EAGAIN && !is_dead_ && (left = deadline - host_.now()) > 0;) {
            sleep(report_, shorter(left, say_alive()));
            is_dead_ = has_ended(); // is looked at first: a dead child may have left a message
            got = receive(said);
        }
        return got;
    }

    static auto shorter(long long a, long long b) -> long long { return a < b ? a : b; }

    /// Until there is a message, or the child has ended. Others whom the child has forked may keep
    /// the report open, so that its end does not tell of a death. A debugger sees a death before
    /// the daemon does: then it sleeps for a moment.
    void sleep(int report, long long nanoseconds) {
        constexpr long long slice = 20'000'000, moment = 2'000'000;
        const bool is_blind = process_ < 0; // old kernels have no descriptors of processes
        const long long most = seems_dead_ ? moment : is_blind ? slice : nanoseconds;
        const timespec time = detail::timespec_of(shorter(most, nanoseconds));
        pollfd entries[2]{{report, POLLIN, 0}, {seems_dead_ ? -1 : process_, POLLIN, 0}};
        if (host_.poll(entries, 2, &time, nullptr) > 0)
            seems_dead_ = seems_dead_ || entries[1].revents != 0;
    }

    auto receive(Failure& said) const -> long {
        const auto once = [&] { return host_.receive(report_, &said, sizeof said, MSG_DONTWAIT); };
        const long got = once();
        return got == -ECONNRESET ? once() : got; // is said first where the handover was not read
    }

    auto has_ended() -> bool {
        end_.si_pid = 0;
        const int error = host_.wait(P_PID, child_, end_, WEXITED | WNOHANG | WNOWAIT);
        is_gone_ = error == -ECHILD; // the program ignores SIGCHLD: the kernel has buried it
        return is_gone_ || (error >= 0 && end_.si_pid != 0);
    }

    /// The child leaves by itself once it has said how its trial went. The daemon ends what the
    /// child has forked.
    template <class SayAlive>
    void end_trial(bool at_once, SayAlive say_alive) {
        constexpr long long patience = 1'000'000'000, most = 10'000'000'000, slice = 20'000'000;
        const long long begin = host_.now();
        while (!has_ended() && host_.now() < begin + most) {
            const long long left = at_once ? 0 : begin + patience - host_.now();
            if (left <= 0)
                host_.signal(-child_, SIGKILL);
            sleep(-1, shorter(left > 0 ? left : slice, say_alive()));
        }
        if (process_ >= 0)
            host_.close(process_);
        if (is_gone_)
            return; // its number may be another's
        host_.signal(-child_, SIGKILL);
        siginfo_t buried;
        detail::insist([&] { return host_.wait(P_PID, child_, buried, WEXITED | WNOHANG); });
    }

    const Host& host_;
    const int report_;
    const pid_t child_;
    const int process_; ///< a descriptor of the child, which end_trial() closes, or -1
    const int seconds_;
    siginfo_t end_{};
    bool is_dead_ = false, is_gone_ = false, seems_dead_ = false;
};

} // namespace daemonizer::detail

#endif
