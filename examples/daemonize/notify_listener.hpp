// SPDX-License-Identifier: BSL-1.0
// The receiving end of sd_notify(3).
#ifndef EXAMPLES_DAEMONIZE_NOTIFY_LISTENER_HPP
#define EXAMPLES_DAEMONIZE_NOTIFY_LISTENER_HPP

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>
#include <unistd.h>

namespace daemonize {

/// Whether `pid` was forked by this process, or by one of those.
inline auto descends_from_us(pid_t pid) -> bool {
    for (int generations = 0; pid > 1 && generations != 100; ++generations) {
        if (pid == getpid())
            return true;
        const std::string path = "/proc/" + std::to_string(pid) + "/stat";
        std::FILE* const file = std::fopen(path.c_str(), "re");
        if (file == nullptr)
            return false;
        char text[512];
        const std::size_t size = std::fread(text, 1, sizeof text - 1, file);
        std::fclose(file);
        text[size] = '\0';
        const char* const end_of_name = std::strrchr(text, ')');
        if (end_of_name == nullptr || std::sscanf(end_of_name, ") %*c %d", &pid) != 1)
            return false;
    }
    return false;
}

/// A socket with a name that no other process knows before the program does. It is an abstract one:
/// nothing is left on a disk, whatever ends this process.
class NotifyListener {
public:
    /// Returns 0, or -1 and errno.
    auto open() -> int {
        unsigned char random[16];
        if (getrandom(random, sizeof random, 0) != sizeof random)
            return -1;
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        char* end = address.sun_path + 1; // the null byte before it makes the name abstract
        end += std::sprintf(end, "daemonize-");
        for (const unsigned char byte : random)
            end += std::sprintf(end, "%02x", byte);
        name_ = std::string{"@"} + (address.sun_path + 1);
        const auto size = static_cast<socklen_t>(end - reinterpret_cast<char*>(&address));
        const int on = 1;
        fd_ = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd_ < 0 || setsockopt(fd_, SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
            return -1;
        return bind(fd_, reinterpret_cast<sockaddr*>(&address), size);
    }

    auto descriptor() const -> int { return fd_; }
    /// The value of NOTIFY_SOCKET.
    auto name() const -> const char* { return name_.c_str(); }

    /// Calls `hear(key, value)` for each line of the messages that have come. A message of somebody
    /// who is neither root, nor this process's user, nor its descendant is passed over.
    template <class Hear>
    void receive(Hear hear) {
        Message message;
        for (int left = 64; left != 0 && message.receive(fd_);
             --left) // then others have their turn
            if (message.is_trusted())
                each_line(message.text(), hear);
    }

private:
    class Message {
    public:
        auto receive(int fd) -> bool {
            iovec part{text_.data(), text_.size()};
            msghdr header{};
            header.msg_iov = &part;
            header.msg_iovlen = 1;
            header.msg_control = control_;
            header.msg_controllen = sizeof control_;
            size_ = recvmsg(fd, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
            sender_ = {0, static_cast<uid_t>(-1), static_cast<gid_t>(-1)};
            if (size_ < 0)
                return false;
            for (cmsghdr* one = CMSG_FIRSTHDR(&header); one != nullptr;
                 one = CMSG_NXTHDR(&header, one))
                take(*one);
            return true;
        }
        auto is_trusted() const -> bool {
            return sender_.uid == 0 || sender_.uid == geteuid() || descends_from_us(sender_.pid);
        }
        auto text() const -> std::string_view {
            return {text_.data(), static_cast<std::size_t>(size_)};
        }

    private:
        void take(const cmsghdr& part) {
            if (part.cmsg_level != SOL_SOCKET)
                return;
            if (part.cmsg_type == SCM_CREDENTIALS)
                std::memcpy(&sender_, CMSG_DATA(&part), sizeof sender_);
            if (part.cmsg_type == SCM_RIGHTS)
                close_all(CMSG_DATA(&part), part.cmsg_len - CMSG_LEN(0));
        }
        /// A descriptor that is to be kept (FDSTORE=1) is not; the sender of a BARRIER=1 waits
        /// until its one is closed.
        static void close_all(const unsigned char* from, std::size_t bytes) {
            for (int fd; bytes >= sizeof fd; from += sizeof fd, bytes -= sizeof fd) {
                std::memcpy(&fd, from, sizeof fd);
                close(fd);
            }
        }

        std::array<char, 4096> text_;
        alignas(cmsghdr) char control_[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(253 * sizeof(int))];
        ssize_t size_ = 0;
        ucred sender_{};
    };

    template <class Hear>
    static void each_line(std::string_view text, Hear hear) {
        while (!text.empty()) {
            const std::string_view line = text.substr(0, text.find('\n'));
            text.remove_prefix(line.size() < text.size() ? line.size() + 1 : line.size());
            if (const auto sign = line.find('='); sign != line.npos)
                hear(line.substr(0, sign), line.substr(sign + 1));
        }
    }

    int fd_ = -1;
    std::string name_;
};

} // namespace daemonize

#endif
