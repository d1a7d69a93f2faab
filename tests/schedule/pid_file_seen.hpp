// SPDX-License-Identifier: BSL-1.0
// The pid file as any other program on the machine sees it.
#ifndef DAEMONIZER_TESTS_SCHEDULE_PID_FILE_SEEN_HPP
#define DAEMONIZER_TESTS_SCHEDULE_PID_FILE_SEEN_HPP

#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <unistd.h>

namespace schedule {

struct PidFileSeen {
    bool exists = false;
    std::string text;
    bool byte_0_is_held = false;
    pid_t byte_1_holder = 0; ///< -1: an open file, not a process

    explicit PidFileSeen(const std::string& path) {
        const int fd = ::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
        if (fd < 0)
            return;
        exists = true;
        char all[64];
        const ssize_t size = ::pread(fd, all, sizeof all, 0);
        text.assign(all, size < 0 ? 0 : static_cast<std::size_t>(size));
        byte_0_is_held = ask(fd, F_OFD_GETLK, 0).l_type != F_UNLCK;
        const struct flock one = ask(fd, F_GETLK, 1);
        byte_1_holder = one.l_type == F_UNLCK ? 0 : one.l_pid;
        ::close(fd);
    }

    auto number() const -> pid_t { return static_cast<pid_t>(std::atoi(text.c_str())); }
    /// Everything that a daemon promises with its file.
    auto is_of(pid_t daemon) const -> bool {
        return exists && text == std::to_string(daemon) + "\n" && byte_0_is_held &&
               byte_1_holder == daemon;
    }
    auto describe() const -> std::string {
        return !exists ? "no pid file"
                       : "pid file '" + text.substr(0, text.find('\n')) + "', byte 0 " +
                             (byte_0_is_held ? "held" : "free") + ", byte 1 of " +
                             std::to_string(byte_1_holder);
    }

private:
    static auto ask(int fd, int command, off_t byte) -> struct flock {
        struct flock range {};
        range.l_type = F_RDLCK;
        range.l_whence = SEEK_SET;
        range.l_start = byte;
        range.l_len = 1;
        ::fcntl(fd, command, &range);
        return range;
    }
};

} // namespace schedule

#endif
