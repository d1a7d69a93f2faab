// SPDX-License-Identifier: BSL-1.0
// Sends messages to the supervisor that $NOTIFY_SOCKET names.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_SOCKET_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_SOCKET_HPP

#include <daemonizer/supervision/detail/notify_address.hpp>
#include <daemonizer/supervision/detail/supervisor_pipe.hpp>
#include <daemonizer/supervision/detail/vsock_message.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>
#include <daemonizer/system/files/descriptor.hpp>

#include <cerrno>
#include <cstring>
#include <fcntl.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The connection to the supervisor, which launcher and daemon share. It is made once, early: later
/// a chroot or a sandbox may hide the path, and a setenv(3) of the program would race with reading
/// the variable. If no supervisor is named, all functions succeed and do nothing.
class NotifySocket {
public:
    static constexpr int any_number = -2;

    /// Returns 0, or a negative errno; then nobody is told. `passed`: the descriptor that a program
    /// has handed over which executes this one, or -1 for none. Another number is nobody's then:
    /// whatever has it is no supervisor's. What was passed stays open after close().
    template <class Host>
    auto open(Host host, const char* text, int passed = any_number) -> int {
        NotifyAddress address;
        if (const int error = address.parse(text); error < 0)
            return error;
        switch (address.is) {
        case NotifyAddress::kind::none:
            break;
        case NotifyAddress::kind::local:
            return connect(host, address);
        case NotifyAddress::kind::vsock:
            vsock_ = {address.cid, address.port, address.type};
            break;
        case NotifyAddress::kind::descriptor:
            if (passed != any_number && passed != address.descriptor)
                return 0;
            is_passed_ = passed != any_number;
            return adopt(host, address.descriptor);
        }
        return 0;
    }

    [[gnu::visibility("hidden")]] auto is_open() const -> bool {
        return fd_ >= 0 || vsock_.is_named();
    }

    /// The descriptor that the supervisor has left open, to be handed over to the next program, or
    /// -1.
    auto adopted() const -> int { return is_socket_ ? -1 : fd_; }

    /// Sends `text`, with the descriptor `passed` where it is not negative. Waits up to `patience`
    /// ns for a supervisor whose queue is full. Returns 0 or a negative errno.
    template <class Host>
    [[gnu::visibility("hidden")]] auto send(const Host& host, const char* text, std::size_t size,
                                            long long patience = 0, int passed = -1) const -> int {
        if (!is_open())
            return 0;
        if (vsock_.is_named())
            return passed < 0 ? vsock_.send(host, text, size) : -EOPNOTSUPP;
        if (!is_socket_)
            return write_line(host, text, size, patience);
        constexpr long step = 2'000'000;
        const long long end = patience > 0 ? host.now() + patience : 0;
        for (;;) { // by the clock: a signal that is handled cuts the sleep short
            const long sent = send_once(host, text, size, passed);
            if (sent != -EAGAIN || patience <= 0 || host.now() >= end)
                return sent < 0 ? static_cast<int>(sent) : 0;
            detail::sleep_for(host, step);
        }
    }

    void each_descriptor(auto keep) const {
        if (fd_ >= 0)
            keep(fd_);
    }

    template <class Host>
    void close(const Host& host) {
        if (fd_ >= 0 && !is_passed_)
            host.close(fd_);
        fd_ = -1;
        vsock_ = {};
    }

private:
    template <class Host>
    auto connect(Host host, const NotifyAddress& address) -> int {
        const int fd = detail::above_stdio(host, host.open_socket(AF_UNIX, SOCK_DGRAM));
        if (fd < 0)
            return fd;
        if (const int error = host.connect_socket(fd, &address.local, address.size); error < 0) {
            host.close(fd);
            return error;
        }
        fd_ = fd;
        is_socket_ = true;
        return 0;
    }

    /// Takes a descriptor that the supervisor has left open, by its number.
    template <class Host>
    auto adopt(Host host, int fd) -> int {
        if (fd <= 2)
            return -EINVAL;
        int error = host.status_flags(fd);
        if (error >= 0)
            error = (error & O_ACCMODE) == O_RDONLY ? -EBADF : host.close_on_exec(fd);
        if (error < 0)
            return error;
        fd_ = fd;
        is_socket_ = false;
        return 0;
    }

    template <class Host>
    [[gnu::visibility("hidden")]] auto write_line(const Host& host, const char* text,
                                                  std::size_t size, long long patience) const
        -> int {
        char line[256];
        if (size >= sizeof line)
            return -E2BIG;
        std::memcpy(line, text, size);
        line[size] = '\n';
        return detail::write_to_supervisor(host, fd_, line, size + 1, patience);
    }

    /// Sends no credentials: the kernel adds this process's own, which the supervisor looks at, and
    /// after a change of user a process may not claim others.
    template <class Host>
    [[gnu::visibility("hidden")]] auto send_once(const Host& host, const char* text,
                                                 std::size_t size, int passed) const -> long {
        iovec part{const_cast<char*>(text), size}; // sendmsg(2) only reads the text
        alignas(cmsghdr) char control[CMSG_SPACE(sizeof passed)]{};
        msghdr message{};
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        if (passed >= 0) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            cmsghdr* const header = CMSG_FIRSTHDR(&message);
            header->cmsg_level = SOL_SOCKET;
            header->cmsg_type = SCM_RIGHTS;
            header->cmsg_len = CMSG_LEN(sizeof passed);
            std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
        }
        return host.send_message(fd_, message);
    }

    int fd_ = -1;
    bool is_socket_ = false, is_passed_ = false;
    VsockTarget vsock_;
};

} // namespace daemonizer::detail

#endif
