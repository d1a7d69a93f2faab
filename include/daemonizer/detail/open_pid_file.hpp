// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_OPEN_PID_FILE_HPP
#define DAEMONIZER_DETAIL_OPEN_PID_FILE_HPP

#include <daemonizer/detail/pid_file_reader.hpp>
#include <daemonizer/detail/pid_file_removal.hpp>
#include <daemonizer/detail/report.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace daemonizer::detail {

/// Opens the file, making it where there is none: `created` says so. No link is followed, and a
/// FIFO does not hang. Returns a descriptor or a negative errno.
template <class Host>
auto open_or_create(Host host, const OwnPidFile& file, mode_t mode, bool& created) -> int {
    constexpr int flags = O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    for (;;) {
        int fd = host.open(file.directory, file.path, flags | O_CREAT | O_EXCL, mode);
        created = fd >= 0;
        if (fd != -EEXIST)
            return fd;
        fd = host.open(file.directory, file.path, flags);
        if (fd != -ENOENT) // it may have gone in between
            return fd;
    }
}

/// Fails the step. What we made goes again, unless another start has taken it meanwhile.
template <class Start>
[[gnu::cold]] auto refuse_pid_file(const Start& start, const OwnPidFile& file, int fd, bool created,
                                   const char* why, int code) -> int {
    if (created && lock_first_byte(start.host(), fd) >= 0)
        start.host().unlink(file.directory, file.path);
    start.host().close(fd);
    start.fail(file.path, why, code);
    return -1;
}

/// As open_or_create(), above 2, and refused where it is no file to be trusted as a pid file.
/// Returns a descriptor, or -1 when the step has failed.
template <class Start>
auto open_pid_file(const Start& start, const OwnPidFile& file, mode_t mode, bool& created) -> int {
    const auto& host = start.host();
    const int fd = above_stdio(host, open_or_create(host, file, mode, created));
    if (fd < 0) {
        start.fail(file.path, fd == -ELOOP ? "is a symbolic link" : error_text(-fd), -fd);
        return -1;
    }
    struct stat status;
    if (const int error = host.status(fd, status); error < 0)
        return refuse_pid_file(start, file, fd, created, error_text(-error), -error);
    if (const char* const objection = objection_to(status); objection != nullptr)
        return refuse_pid_file(start, file, fd, created, objection, EPERM);
    return fd;
}

} // namespace daemonizer::detail

#endif
