// SPDX-License-Identifier: BSL-1.0
// Opens what may become the pid file, and refuses what is not to be trusted.
#ifndef DAEMONIZER_PID_FILE_DETAIL_OPEN_HPP
#define DAEMONIZER_PID_FILE_DETAIL_OPEN_HPP

#include <daemonizer/pid_file/own_pid_files.hpp>
#include <daemonizer/pid_file/read.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>

#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Every file that a start opens for its pid is opened like this: no link is followed, and a FIFO
/// does not hang.
inline constexpr int pid_file_flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/// Only the starter may open a file that is being started with, until the daemon has its lock: who
/// cannot open it cannot hold a read lock that keeps the daemon from its own.
inline constexpr mode_t mode_while_starting = 0600;

/// Opens the file, making it where there is none: `created` says so. Returns a descriptor above 2
/// or a negative errno.
template <class Host>
auto open_or_create(Host host, const OwnPidFile& file, mode_t mode, bool& created) -> int {
    for (;;) {
        int fd = host.open(file.directory, file.path, pid_file_flags | O_CREAT | O_EXCL, mode);
        created = fd >= 0;
        if (fd != -EEXIST)
            return detail::above_stdio(host, fd);
        fd = host.open(file.directory, file.path, pid_file_flags);
        if (fd != -ENOENT) // it may have gone in between
            return detail::above_stdio(host, fd);
    }
}

/// Null for an open file to be trusted; else the reason, and the step has failed with it.
template <class Start>
auto distrust(const Start& start, const OwnPidFile& file, int fd, struct stat& status) -> bool {
    if (const int error = start.host().status(fd, status); error < 0)
        return !start.fail(file.path, error);
    if (const char* const rejection = detail::objection_to(status); rejection != nullptr)
        return !start.fail(file.path, rejection, EPERM);
    return false;
}

/// Fails the step for a pid file that could not be opened. Returns -1.
template <class Start>
[[gnu::cold]] auto refuse_unopened(const Start& start, const OwnPidFile& file, int error) -> int {
    if (error == -ELOOP)
        start.fail(file.path, "is a symbolic link", ELOOP);
    else
        start.fail(file.path, error);
    return -1;
}

/// The name under which a start makes its file before it puts it in place: "PATH.new".
class DraftName {
public:
    explicit DraftName(const char* path) {
        text_[0] = '\0';
        const std::size_t length = std::strlen(path);
        if (length + sizeof suffix > sizeof text_)
            return;
        std::memcpy(text_, path, length);
        std::memcpy(text_ + length, suffix, sizeof suffix);
    }
    /// False where the name would be too long.
    explicit operator bool() const { return text_[0] != '\0'; }
    auto text() const -> const char* { return text_; }

private:
    static constexpr char suffix[] = ".new";
    char text_[4096]; // PATH_MAX
};

} // namespace daemonizer::detail

#endif
