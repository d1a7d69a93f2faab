// SPDX-License-Identifier: BSL-1.0
// The system calls of a timer that an event loop can wait for.
#ifndef DAEMONIZER_HOST_DETAIL_TIMER_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_TIMER_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <ctime>
#include <sys/epoll.h>
#include <sys/timerfd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe.
struct TimerCalls {
    /// timerfd_create(2): a descriptor, close-on-exec, which does not wait.
    static auto open_timer() -> int {
        return detail::answer(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    }
    /// Readable after `nanoseconds` (more than 0), and again each time that they have passed.
    static auto set_timer(int timer, long long nanoseconds) -> int {
        const timespec time{static_cast<time_t>(nanoseconds / 1'000'000'000),
                            static_cast<long>(nanoseconds % 1'000'000'000)};
        const itimerspec both{time, time};
        return detail::answer(::timerfd_settime(timer, 0, &both, nullptr));
    }
    /// epoll_create1(2), close-on-exec.
    static auto open_poll_set() -> int { return detail::answer(::epoll_create1(EPOLL_CLOEXEC)); }
    /// epoll_ctl(2): the set is readable while `fd` is.
    static auto add_to_poll_set(int set, int fd) -> int {
        epoll_event wanted{};
        wanted.events = EPOLLIN;
        wanted.data.fd = fd;
        return detail::answer(::epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted));
    }
};

} // namespace daemonizer::detail

#endif
