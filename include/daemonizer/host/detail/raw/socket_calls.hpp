// SPDX-License-Identifier: BSL-1.0
// A launcher's system calls on the report and on a supervisor's socket, without libc.
#ifndef DAEMONIZER_HOST_DETAIL_RAW_SOCKET_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_RAW_SOCKET_CALLS_HPP

#include <daemonizer/host/detail/raw/raw_call.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/envelope.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <cstddef>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of RawHost. Each call answers what the kernel answers: a negative errno where it fails.
/// All are async-signal-safe.
struct RawSocketCalls {
    [[gnu::visibility("hidden")]] static auto send(int fd, const void* from, std::size_t size)
        -> long {
        return RawCall::again(SYS_sendto, fd, RawCall::of(from), static_cast<long>(size),
                              MSG_NOSIGNAL);
    }
    [[gnu::visibility("hidden")]] static auto receive_from(int fd, void* into, std::size_t size,
                                                           pid_t& sender) -> long {
        Envelope envelope{into, size};
        const long got =
            RawCall::again(SYS_recvmsg, fd, RawCall::of(&envelope.header), MSG_DONTWAIT);
        sender = got < 0 ? 0 : envelope.sender();
        return got;
    }
    [[gnu::visibility("hidden")]] static auto open_socket(int processes, int type) -> int {
        return static_cast<int>(detail::raw_call(SYS_socket, processes, type | SOCK_CLOEXEC, 0));
    }
    [[gnu::visibility("hidden")]] static auto connect_socket(int fd, const void* address,
                                                             socklen_t size) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_connect, fd, RawCall::of(address), static_cast<long>(size)));
    }
    [[gnu::visibility("hidden")]] static auto bind_socket(int fd, const void* address,
                                                          socklen_t size) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_bind, fd, RawCall::of(address), static_cast<long>(size)));
    }
    [[gnu::visibility("hidden")]] static auto send_message(int fd, const msghdr& message) -> long {
        return RawCall::again(SYS_sendmsg, fd, RawCall::of(&message), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    [[gnu::visibility("hidden")]] static auto stop_sending(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_shutdown, fd, SHUT_WR));
    }
    [[gnu::visibility("hidden")]] static auto stop_receiving(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_shutdown, fd, SHUT_RD));
    }
    [[gnu::visibility("hidden")]] static auto socket_pair(int (&ends)[2]) -> int {
        return static_cast<int>(detail::raw_call(
            SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, RawCall::of(&ends)));
    }
    [[gnu::visibility("hidden")]] static auto ask_for_senders(int fd) -> int {
        const int on = 1;
        return static_cast<int>(detail::raw_call(SYS_setsockopt, fd, SOL_SOCKET, SO_PASSCRED,
                                                 RawCall::of(&on), sizeof on));
    }
    [[gnu::visibility("hidden")]] static auto receive(int fd, void* into, std::size_t size,
                                                      int flags) -> long {
        pid_t sender;
        return flags == MSG_DONTWAIT
                   ? receive_from(fd, into, size, sender)
                   : RawCall::again(SYS_read, fd, RawCall::of(into), static_cast<long>(size));
    }
};

} // namespace daemonizer::detail
#endif

#endif
