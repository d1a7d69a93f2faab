// SPDX-License-Identifier: BSL-1.0
// Reads a pid file: its number, and who holds its locks.
#ifndef DAEMONIZER_PID_FILE_READ_HPP
#define DAEMONIZER_PID_FILE_READ_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/trusted_file.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

// These numbers stand for a holder that has none: a process of another pid namespace, or an open
// file description.
inline constexpr pid_t nobody = 0, of_another_namespace = -1, of_a_start = -2;

/// Locks a byte without waiting (F_OFD_SETLK, F_SETLK), or asks who keeps us from that
/// (F_OFD_GETLK, F_GETLK): `holder` is a process or one of the above. Returns 0 or a negative
/// errno.
template <class Host>
auto lock_byte(Host host, int fd, int command, short type, off_t byte, pid_t* holder = nullptr,
               off_t length = 1) -> int {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = length;
    const int answer = host.lock(fd, command, range);
    if (holder != nullptr)
        *holder = answer < 0 || range.l_type == F_UNLCK ? nobody
                  : range.l_pid > 0                     ? range.l_pid
                  : range.l_pid == -1                   ? of_a_start
                                                        : of_another_namespace;
    return answer;
}

/// Locks bytes 0 and 1 for a start that begins. Byte 0 excludes a second one and stays locked;
/// byte 1 will be the daemon's, and says until then that it is being started.
template <class Host>
auto lock_for_start(Host host, int fd) -> int {
    return detail::lock_byte(host, fd, F_OFD_SETLK, F_WRLCK, 0, nullptr, 2);
}

/// Returns the number in a pid file, with or without a newline: 0 where it is empty, -1 where it is
/// anything else than a pid. 1 is that of a container's only service; what a forged file says is
/// signalled only where the kernel names the same process as the holder of byte 1. Reads a bounded
/// piece.
template <class Host>
auto read_pid(Host host, int fd) -> pid_t {
    char text[16];
    const long size = host.read_at(fd, text, sizeof text, 0);
    if (size < 0 || size == sizeof text)
        return -1;
    long length = size;
    if (length > 0 && text[length - 1] == '\n')
        --length;
    if (length == 0)
        return size == 0 ? 0 : -1;
    long long value = 0;
    for (long i = 0; i != length; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        value = value * 10 + (text[i] - '0');
    }
    return value > 0 && value <= INT_MAX ? static_cast<pid_t>(value) : -1;
}

/// Returns the process that holds byte 1, which is the daemon itself and alive; nobody, of_a_start,
/// or of_another_namespace. Asked for a read lock, which whoever may only read the file could hold
/// as well: only what may write it is the daemon.
template <class Host>
auto daemon_that_holds(Host host, int fd) -> pid_t {
    pid_t holder;
    detail::lock_byte(host, fd, F_GETLK, F_RDLCK, 1, &holder);
    return holder;
}

/// Returns whether a start, a daemon or its child holds byte 0. It asks and never tries to lock: a
/// reader that took the lock for a moment would make a start fail.
template <class Host>
auto is_held(Host host, int fd) -> bool {
    pid_t holder;
    detail::lock_byte(host, fd, F_OFD_GETLK, F_RDLCK, 0, &holder);
    return holder != 0;
}

/// Names who holds a pid file that could not be locked, giving a start that is still on its way
/// some time to write its number.
template <class Host>
class PatientNaming {
public:
    explicit PatientNaming(Host host) : host_{host}, begun_{host.now()} {}

    /// True once the step has failed with who it is, or because a pause was cut short; false after
    /// a pause, to try the lock again.
    template <class Start>
    [[gnu::cold, gnu::noinline]] auto look(const Start& start, int fd, const char* path) const
        -> bool {
        Failure& failure = start.failure;
        constexpr long long second = 1'000'000'000;
        const long long waited = host_.now() - begun_;
        const pid_t daemon = detail::daemon_that_holds(host_, fd);
        if (daemon > 0 || daemon == of_another_namespace) {
            failure.describe(path, "already running, pid ", EEXIST)
                .number(daemon > 0 ? daemon : detail::read_pid(host_, fd))
                .text(daemon > 0 ? "" : " of another pid namespace");
            return true;
        }
        if (waited > second && daemon == nobody && detail::read_pid(host_, fd) > 0) {
            failure.describe(path, "the daemon is gone, a child of it still holds ", EEXIST)
                .text(path);
            return true;
        }
        if (waited > 10 * second) {
            failure.describe(path,
                             daemon == nobody && !detail::is_held(host_, fd)
                                 ? "a process that only reads it keeps it locked"
                                 : "already being started, and its pid is not written yet",
                             EEXIST);
            return true;
        }
        if (start.pause(waited > second / 10 ? 20'000'000L : 1'000'000L))
            return false;
        failure.describe(path, EINTR);
        return true;
    }

private:
    [[no_unique_address]] Host host_;
    long long begun_;
};

} // namespace daemonizer::detail

#endif
