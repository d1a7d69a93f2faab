// SPDX-License-Identifier: BSL-1.0
// The system calls that talk to a supervisor or a log over a socket.
#ifndef DAEMONIZER_HOST_DETAIL_SOCKET_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_SOCKET_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <fcntl.h>
#include <sys/socket.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe.
struct SocketCalls {
    /// socket(2), close-on-exec.
    static auto open_socket(int processes, int type) -> int {
        return detail::answer(::socket(processes, type | SOCK_CLOEXEC, 0));
    }
    /// A local datagram or stream socket connects at once or not at all: nothing to wait for.
    static auto connect_socket(int fd, const void* address, socklen_t size) -> int {
        return detail::answer(::connect(fd, static_cast<const sockaddr*>(address), size));
    }
    /// bind(2).
    static auto bind_socket(int fd, const void* address, socklen_t size) -> int {
        return detail::answer(::bind(fd, static_cast<const sockaddr*>(address), size));
    }
    /// MSG_NOSIGNAL and MSG_DONTWAIT: no SIGPIPE, and -EAGAIN where the receiver's queue is full.
    static auto send_message(int fd, const msghdr& message) -> long {
        return detail::again([&] { return ::sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); });
    }
    /// shutdown(2) with SHUT_WR.
    static auto stop_sending(int fd) -> int { return detail::answer(::shutdown(fd, SHUT_WR)); }
    /// shutdown(2) with SHUT_RD.
    static auto stop_receiving(int fd) -> int { return detail::answer(::shutdown(fd, SHUT_RD)); }
    /// F_GETFD: whether the descriptor is open at all.
    static auto descriptor_flags(int fd) -> int { return detail::answer(::fcntl(fd, F_GETFD)); }
    /// fcntl(2) with F_GETFL.
    static auto status_flags(int fd) -> int { return detail::answer(::fcntl(fd, F_GETFL)); }
    /// fcntl(2) with FD_CLOEXEC.
    static auto close_on_exec(int fd) -> int {
        return detail::answer(::fcntl(fd, F_SETFD, FD_CLOEXEC));
    }
};

} // namespace daemonizer::detail

#endif
