// SPDX-License-Identifier: BSL-1.0
// A pipe by which a signal handler, in whichever thread it runs, wakes a thread that sleeps.
#ifndef DAEMONIZER_SIGNALS_DETAIL_WAKE_PIPE_HPP
#define DAEMONIZER_SIGNALS_DETAIL_WAKE_PIPE_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cerrno>
#include <initializer_list>
#include <poll.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds two descriptors above 2, close-on-exec and non-blocking, -1 where there are none; the
/// owner closes them. Functions that return int return 0 or a negative errno.
struct WakePipe {
    int readable = -1, writable = -1;

    template <class Host>
    auto open(const Host& host) -> int {
        int ends[2];
        if (const int error = host.wake_pipe(ends); error < 0)
            return error;
        readable = detail::above_stdio(host, ends[0]);
        writable = detail::above_stdio(host, ends[1]);
        const int error = readable < 0 ? readable : writable < 0 ? writable : 0;
        if (error < 0)
            close(host);
        return error;
    }

    template <class Host>
    void close(const Host& host) {
        int* const ends[] = {&writable, &readable};
        for (int* const fd : ends) {
            if (*fd >= 0)
                host.close(*fd);
            *fd = -1;
        }
    }

    /// A pipe that is full wakes as well. Async-signal-safe.
    template <class Host>
    static void wake(const Host& host, int writable) {
        host.write(writable, "", 1);
    }

    /// Takes what has been written so far. To be done before one looks what happened: whatever
    /// happens afterwards writes again.
    template <class Host>
    auto drain(const Host& host) const -> int {
        char bytes[64];
        long size;
        do
            size = host.read(readable, bytes, sizeof bytes);
        while (size == sizeof bytes);
        return size == 0 ? -EPIPE : size < 0 && size != -EAGAIN ? static_cast<int>(size) : 0;
    }

    /// Sleeps until somebody wakes it, for `limit` ns (negative: for ever), or until a handler ran.
    template <class Host>
    auto sleep(const Host& host, long long limit) const -> int {
        const timespec time = detail::timespec_of(limit);
        pollfd entry{readable, POLLIN, 0};
        const int answer = host.poll(&entry, 1, limit < 0 ? nullptr : &time, nullptr);
        return answer < 0 && answer != -EINTR ? answer : 0;
    }
};

} // namespace daemonizer::detail

#endif
