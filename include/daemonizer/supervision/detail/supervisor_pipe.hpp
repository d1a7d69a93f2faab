// SPDX-License-Identifier: BSL-1.0
// Writes to a descriptor that a supervisor has left open.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_SUPERVISOR_PIPE_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_SUPERVISOR_PIPE_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/signal_bits.hpp>
#include <daemonizer/system/time_span.hpp>
#include <daemonizer/system/toolchain/insist.hpp>

#include <cerrno>
#include <cstddef>
#include <poll.h>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Waits at most `patience` ns until poll(2) finds `events` at `fd`. Returns 0 or a negative errno;
/// -EAGAIN at the end of that time. A signal that is handled meanwhile does not end the wait.
template <class Host>
[[gnu::visibility("hidden")]] auto wait_for_supervisor(const Host& host, int fd, short events,
                                                       long long patience) -> int {
    const long long end = patience > 0 ? host.now() + patience : 0;
    for (;;) {
        pollfd entry{fd, events, 0};
        const timespec limit = detail::timespec_of(patience);
        const int ready = host.poll(&entry, 1, &limit, nullptr);
        if (ready != -EINTR)
            return ready < 0 ? ready : ready == 0 ? -EAGAIN : 0;
        const long long left = patience > 0 ? end - host.now() : 0;
        patience = left > 0 ? left : 0;
    }
}

/// Writes up to PIPE_BUF bytes. Returns 0 or a negative errno. Waits at most `patience` ns for
/// room; -EAGAIN where there is none then, as in the pipe of a supervisor that never reads. Where
/// the supervisor has gone it is -EPIPE, and no SIGPIPE is raised: the daemon goes on without it.
/// The mask of signals is afterwards what it was.
template <class Host>
[[gnu::visibility("hidden")]] auto write_to_supervisor(const Host& host, int fd, const char* text,
                                                       std::size_t size, long long patience)
    -> int {
    if (const int error = detail::wait_for_supervisor(host, fd, POLLOUT, patience); error < 0)
        return error;
    sigset_t before;
    if constexpr (requires { host.set_mask(SIG_BLOCK, before, &before); }) {
        const sigset_t broken_pipe = detail::only_signal(SIGPIPE);
        sigset_t pending{};
        const bool was_pending =
            host.pending_signals(pending) >= 0 && sigismember(&pending, SIGPIPE) == 1;
        const bool is_held =
            detail::insist([&] { return host.set_mask(SIG_BLOCK, broken_pipe, &before); }) >= 0;
        const long written = host.write(fd, text, size);
        if (written == -EPIPE && !was_pending && is_held)
            host.take_signal(broken_pipe);
        if (is_held)
            detail::insist([&] { return host.set_mask(SIG_SETMASK, before); });
        return written < 0 ? static_cast<int>(written) : 0;
    } else { // a launcher, which has every signal blocked
        const long written = host.write(fd, text, size);
        return written < 0 ? static_cast<int>(written) : 0;
    }
}

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
