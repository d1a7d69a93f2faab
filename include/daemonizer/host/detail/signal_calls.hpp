// SPDX-License-Identifier: BSL-1.0
// The system calls for signals, waiting and clocks.
#ifndef DAEMONIZER_HOST_DETAIL_SIGNAL_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_SIGNAL_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe.
struct SignalCalls {
    /// sigaction(2).
    static auto set_disposition(int number, const struct sigaction& to) -> int {
        return detail::answer(::sigaction(number, &to, nullptr));
    }
    static auto set_disposition(int number, const struct sigaction& to, struct sigaction& before)
        -> int {
        return detail::answer(::sigaction(number, &to, &before));
    }
    /// sigaction(2), which changes nothing.
    static auto disposition(int number, struct sigaction& now) -> int {
        return detail::answer(::sigaction(number, nullptr, &now));
    }
    /// sigprocmask(2), of this thread.
    static auto set_mask(int how, const sigset_t& mask, sigset_t* before = nullptr) -> int {
        return detail::answer(::sigprocmask(how, &mask, before));
    }
    /// Reads which of the signals that this thread has blocked have come meanwhile.
    static auto pending_signals(sigset_t& set) -> int { return detail::answer(::sigpending(&set)); }
    /// Takes one that is pending, if there is one: its number, or -EAGAIN.
    static auto take_signal(const sigset_t& set) -> int {
        const timespec at_once{};
        return detail::again([&] { return ::sigtimedwait(&set, nullptr, &at_once); });
    }
    /// sigtimedwait(2): the next one of these, which are blocked; -EAGAIN at the end of the time.
    static auto wait_for_signal(const sigset_t& set, const timespec* limit) -> int {
        return detail::again([&] { return ::sigtimedwait(&set, nullptr, limit); });
    }
    /// signalfd(2): a descriptor, close-on-exec.
    static auto signal_descriptor(const sigset_t& mask) -> int {
        return detail::answer(::signalfd(-1, &mask, SFD_CLOEXEC));
    }
    /// pipe2(2): read end and write end, close-on-exec and non-blocking.
    static auto wake_pipe(int (&ends)[2]) -> int {
        return detail::answer(::pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    }
    /// ppoll(2): the mask holds during the wait only; -EINTR when a handler ran.
    static auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) -> int {
        return detail::answer(::ppoll(set, size, limit, mask));
    }
    /// Nanoseconds of CLOCK_MONOTONIC.
    static auto now() -> long long {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC, &time);
        return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
    }

    /// Seconds of CLOCK_REALTIME since 1970.
    static auto wall_clock() -> long long {
        timespec time{};
        ::clock_gettime(CLOCK_REALTIME, &time);
        return time.tv_sec;
    }
};

} // namespace daemonizer::detail

#endif
