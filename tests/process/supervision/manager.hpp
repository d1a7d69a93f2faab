// SPDX-License-Identifier: BSL-1.0
// A service manager of the test's own: it reads what sd_notify(3) sends, and who has sent it.
#ifndef DAEMONIZER_TESTS_PROCESS_SUPERVISION_MANAGER_HPP
#define DAEMONIZER_TESTS_PROCESS_SUPERVISION_MANAGER_HPP

#include "launch.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace launch {

struct Message {
    std::string text;
    ucred sender{};
    int passed = -1; ///< a descriptor that came with it, the receiver's

    auto begins_with(const std::string& start) const -> bool { return text.rfind(start, 0) == 0; }
};

/// `name` is a path, or "@" and an abstract name.
class Manager {
public:
    explicit Manager(const std::string& name) : name_{name} {
        fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        ::setsockopt(fd_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on);
        const auto [address, size] = address_of(name);
        if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), size) != 0)
            throw std::runtime_error{"bind"};
        if (name[0] == '/')
            ::chmod(name.c_str(), 0777);
    }
    Manager(const Manager&) = delete;
    auto operator=(const Manager&) -> Manager& = delete;
    ~Manager() { leave(); }

    auto name() const -> const char* { return name_.c_str(); }
    void leave() {
        if (fd_ >= 0)
            ::close(fd_);
        fd_ = -1;
    }

    /// The next message, waited for.
    auto next() -> Message {
        Message message;
        pollfd entry{fd_, POLLIN, 0};
        constexpr int milliseconds = static_cast<int>(std::chrono::milliseconds{patience}.count());
        INFO("no message came");
        REQUIRE(::poll(&entry, 1, milliseconds) == 1);
        REQUIRE(take(message));
        return message;
    }
    /// False where none is there.
    auto take(Message& message) -> bool {
        char text[8192];
        iovec part{text, sizeof text};
        alignas(cmsghdr) char control[256];
        msghdr header{};
        header.msg_iov = &part;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
        const ssize_t size = ::recvmsg(fd_, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        if (size < 0)
            return false;
        message.text.assign(text, static_cast<std::size_t>(size));
        for (cmsghdr* at = CMSG_FIRSTHDR(&header); at != nullptr; at = CMSG_NXTHDR(&header, at)) {
            if (at->cmsg_type == SCM_CREDENTIALS)
                std::memcpy(&message.sender, CMSG_DATA(at), sizeof message.sender);
            if (at->cmsg_type == SCM_RIGHTS)
                std::memcpy(&message.passed, CMSG_DATA(at), sizeof message.passed);
        }
        return true;
    }
    /// The texts of all messages that are there, a line each, for one comparison.
    auto all() -> std::string {
        std::string texts;
        for (Message message; take(message);)
            texts += message.text + '\n';
        return texts;
    }

    /// Sends to itself until its queue is full; how many that took.
    auto fill() -> int {
        const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        const auto [address, size] = address_of(name_);
        int count = 0;
        while (::sendto(fd, "x", 1, 0, reinterpret_cast<const sockaddr*>(&address), size) == 1)
            ++count;
        ::close(fd);
        return count;
    }

private:
    static auto address_of(const std::string& name) -> std::pair<sockaddr_un, socklen_t> {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@')
            address.sun_path[0] = '\0';
        return {address, static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())};
    }

    std::string name_;
    int fd_;
};

/// In a starter: as a manager leaves the environment. Null removes a variable.
inline void set_variable(const char* name, const char* value) {
    if (value != nullptr)
        ::setenv(name, value, 1);
    else
        ::unsetenv(name);
}
inline void forget_supervisors() {
    for (const char* const name :
         {"NOTIFY_SOCKET", "SYSTEMD_EXEC_PID", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
          "LISTEN_PIDFDID", "WATCHDOG_USEC", "WATCHDOG_PID", "JOURNAL_STREAM"})
        ::unsetenv(name);
}
inline void be_told(const char* socket) {
    forget_supervisors();
    set_variable("NOTIFY_SOCKET", socket);
}

} // namespace launch

#endif
