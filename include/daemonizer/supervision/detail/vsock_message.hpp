// SPDX-License-Identifier: BSL-1.0
// Sends messages to a supervisor outside of this virtual machine.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_VSOCK_MESSAGE_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_VSOCK_MESSAGE_HPP

#include <daemonizer/supervision/detail/notify_address.hpp>
#include <daemonizer/supervision/detail/supervisor_pipe.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <poll.h>
#include <sys/socket.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Makes a connection for each message, which the receiver reads up to its end. sd_notify(3).
struct VsockTarget {
    unsigned cid = 0, port = 0;
    int type = -1; ///< 0: the first type that the kernel has; -1: nobody is named

    [[gnu::visibility("hidden")]] auto is_named() const -> bool { return type >= 0; }

    /// Returns 0 or a negative errno.
    template <class Host>
    [[gnu::visibility("hidden")]] auto send(const Host& host, const char* text,
                                            std::size_t size) const -> int {
        static constexpr int types[] = {SOCK_DGRAM, SOCK_SEQPACKET, SOCK_STREAM};
        int error = -EOPNOTSUPP;
        for (const int candidate : types) {
            if (type != 0 && type != candidate)
                continue;
            error = send_as(host, candidate, text, size);
            if (error != -ENODEV && error != -EOPNOTSUPP && error != -ESOCKTNOSUPPORT)
                break;
        }
        return error;
    }

private:
    static constexpr unsigned short processes = 40; // AF_VSOCK, which an older libc lacks

    template <class Host>
    [[gnu::visibility("hidden")]] auto send_as(const Host& host, int as, const char* text,
                                               std::size_t size) const -> int {
        const int fd = host.open_socket(processes, as);
        if (fd < 0)
            return fd;
        bind_below_1024(host, fd);
        const VsockAddress address{.processes = processes, .port = port, .cid = cid};
        int error = host.connect_socket(fd, &address, sizeof address);
        for (std::size_t sent = 0; error >= 0 && sent != size;) {
            const long part = host.send(fd, text + sent, size - sent);
            error = part < 0 ? static_cast<int>(part) : 0;
            sent += part < 0 ? 0 : static_cast<std::size_t>(part);
        }
        if (error >= 0 && as != SOCK_DGRAM)
            error = wait_for_the_end(host, fd);
        host.close(fd);
        return error;
    }

    /// Binds a port that only root may have, for a receiver that wants to see that. Goes on without
    /// one where the right is missing.
    template <class Host>
    [[gnu::visibility("hidden")]] static void bind_below_1024(const Host& host, int fd) {
        constexpr unsigned anybody = ~0U;
        for (unsigned from = 1023; from != 0; --from) {
            const VsockAddress own{.processes = processes, .port = from, .cid = anybody};
            if (host.bind_socket(fd, &own, sizeof own) != -EADDRINUSE)
                return;
        }
    }

    /// Waits until the receiver, which never answers, has read everything and closes. Gives up
    /// after five seconds.
    template <class Host>
    [[gnu::visibility("hidden")]] static auto wait_for_the_end(const Host& host, int fd) -> int {
        if (const int error = host.stop_sending(fd); error < 0)
            return error;
        constexpr long long patience = 5'000'000'000;
        if (const int error = detail::wait_for_supervisor(host, fd, POLLIN, patience); error < 0)
            return error == -EAGAIN ? -ETIMEDOUT : error;
        char byte;
        const long size = host.read(fd, &byte, sizeof byte);
        return size < 0 ? static_cast<int>(size) : size == 0 ? 0 : -EPROTO;
    }
};

} // namespace daemonizer::detail

#endif
