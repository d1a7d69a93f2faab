// SPDX-License-Identifier: BSL-1.0
// The system calls on the socket by which a daemon reports to its launcher.
#ifndef DAEMONIZER_HOST_DETAIL_REPORT_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_REPORT_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/envelope.hpp>

#include <cstddef>
#include <sys/socket.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe.
struct ReportCalls {
    /// socketpair(2): two ends that keep messages apart, close-on-exec.
    static auto socket_pair(int (&ends)[2]) -> int {
        return detail::answer(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    }
    /// SO_PASSCRED: receive_from() tells then who has sent.
    static auto ask_for_senders(int fd) -> int {
        const int on = 1;
        return detail::answer(::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    }
    /// Never waits.
    static auto receive_from(int fd, void* into, std::size_t size, pid_t& sender) -> long {
        Envelope envelope{into, size};
        const long got =
            detail::again([&] { return ::recvmsg(fd, &envelope.header, MSG_DONTWAIT); });
        sender = got < 0 ? 0 : envelope.sender();
        return got;
    }
    /// MSG_NOSIGNAL: a reader that has gone is an error, never a SIGPIPE.
    static auto send(int fd, const void* from, std::size_t size) -> long {
        return detail::again([=] { return ::send(fd, from, size, MSG_NOSIGNAL); });
    }
    /// recv(2).
    static auto receive(int fd, void* into, std::size_t size, int flags) -> long {
        return detail::again([=] { return ::recv(fd, into, size, flags); });
    }
};

} // namespace daemonizer::detail

#endif
