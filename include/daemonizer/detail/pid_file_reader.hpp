// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_PID_FILE_READER_HPP
#define DAEMONIZER_DETAIL_PID_FILE_READER_HPP

#include <daemonizer/detail/trusted_file.hpp>
#include <daemonizer/failure.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <limits>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonizer::detail {

/// Locks a byte without waiting (F_OFD_SETLK, F_SETLK), or asks who keeps us from that
/// (F_OFD_GETLK, F_GETLK): `holder` is 0 where nobody does, -1 where he has no number here. Returns
/// 0 or a negative errno.
template <class Host>
auto lock_byte(Host host, int fd, int command, short type, off_t byte, pid_t* holder = nullptr)
    -> int {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = 1;
    const int answer = host.lock(fd, command, range);
    if (holder != nullptr)
        *holder = answer < 0 || range.l_type == F_UNLCK ? 0 : range.l_pid > 0 ? range.l_pid : -1;
    return answer;
}

/// Locks byte 0, which excludes a second start.
template <class Host>
auto lock_first_byte(Host host, int fd) -> int {
    return lock_byte(host, fd, F_OFD_SETLK, F_WRLCK, 0);
}

/// The number in a pid file, with or without a newline: 0 where it is empty, -1 where it is
/// anything else than a pid above 1. Reads a bounded piece.
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
    return value > 1 && value <= std::numeric_limits<pid_t>::max() ? static_cast<pid_t>(value) : -1;
}

/// The process that holds byte 1, which is the daemon itself and alive; 0 where nobody does, -1
/// where it has no number here (another pid namespace). Asked for a read lock, which whoever may
/// only read the file could hold as well: only what may write it is the daemon.
template <class Host>
auto daemon_that_holds(Host host, int fd) -> pid_t {
    pid_t holder;
    lock_byte(host, fd, F_GETLK, F_RDLCK, 1, &holder);
    return holder;
}

/// Whether a start, a daemon or a child of one holds byte 0. Asked, never tried: a reader that took
/// the lock for a moment would make a start fail.
template <class Host>
auto is_held(Host host, int fd) -> bool {
    pid_t holder;
    lock_byte(host, fd, F_OFD_GETLK, F_RDLCK, 0, &holder);
    return holder != 0;
}

/// Names who holds a pid file that could not be locked, giving a start that is still on its way
/// some time to write its number.
template <class Host>
class PatientNaming {
public:
    explicit PatientNaming(Host host) : host_{host}, begun_{host.now()} {}

    /// True once `failure` says who it is, or that `pause(nanoseconds)` was cut short; false after
    /// a pause, to try the lock again.
    template <class Pause>
    auto look(int fd, const char* path, Failure& failure, Pause pause) const -> bool {
        constexpr long long second = 1'000'000'000;
        const long long waited = host_.now() - begun_;
        if (const pid_t daemon = daemon_that_holds(host_, fd); daemon != 0) {
            failure.describe(path, "already running, pid ", EEXIST)
                .number(daemon > 0 ? daemon : read_pid(host_, fd))
                .text(daemon > 0 ? "" : " of another pid namespace");
            return true;
        }
        if (waited > second && read_pid(host_, fd) > 0) {
            failure.describe(path, "the daemon is gone, a child of it still holds ", EEXIST)
                .text(path);
            return true;
        }
        if (waited > 10 * second) {
            failure.describe(path, "already being started, and its pid is not written yet", EEXIST);
            return true;
        }
        if (pause(waited > second / 10 ? 20'000'000L : 1'000'000L))
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
