// SPDX-License-Identifier: BSL-1.0
// A launcher's system calls on files and descriptors, without libc.
#ifndef DAEMONIZER_HOST_DETAIL_RAW_FILE_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_RAW_FILE_CALLS_HPP

#include <daemonizer/host/detail/raw/raw_call.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <cstddef>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of RawHost. Each call answers what the kernel answers: a negative errno where it fails.
/// All are async-signal-safe.
struct RawFileCalls {
    [[gnu::visibility("hidden")]] static auto open(int directory, const char* path, int flags)
        -> int {
        return static_cast<int>(RawCall::again(SYS_openat, directory, RawCall::of(path), flags));
    }
    /// Opens a file that may have to be made.
    [[gnu::visibility("hidden")]] static auto open(int directory, const char* path, int flags,
                                                   mode_t mode) -> int {
        return static_cast<int>(RawCall::again(SYS_openat, directory, RawCall::of(path), flags,
                                               static_cast<long>(mode)));
    }
    [[gnu::visibility("hidden")]] static auto close(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_close, fd));
    }
    [[gnu::visibility("hidden")]] static auto read(int fd, void* into, std::size_t size) -> long {
        return RawCall::again(SYS_read, fd, RawCall::of(into), static_cast<long>(size));
    }
    [[gnu::visibility("hidden")]] static auto write(int fd, const void* from, std::size_t size)
        -> long {
        return RawCall::again(SYS_write, fd, RawCall::of(from), static_cast<long>(size));
    }
    [[gnu::visibility("hidden")]] static auto truncate(int fd) -> int {
        return static_cast<int>(RawCall::again(SYS_ftruncate, fd, 0));
    }
    [[gnu::visibility("hidden")]] static auto status(int fd, struct stat& status) -> int {
        return static_cast<int>(detail::raw_call(SYS_newfstatat, fd, RawCall::of(""),
                                                 RawCall::of(&status), AT_EMPTY_PATH));
    }
    [[gnu::visibility("hidden")]] static auto status(int directory, const char* path,
                                                     struct stat& status) -> int {
        return static_cast<int>(detail::raw_call(SYS_newfstatat, directory, RawCall::of(path),
                                                 RawCall::of(&status), AT_SYMLINK_NOFOLLOW));
    }
    [[gnu::visibility("hidden")]] static auto terminal_width(int fd) -> int {
        winsize size{};
        const long answer = detail::raw_call(SYS_ioctl, fd, TIOCGWINSZ, RawCall::of(&size));
        return answer < 0 ? static_cast<int>(answer) : size.ws_col;
    }
    [[gnu::visibility("hidden")]] static auto unlink(int directory, const char* path) -> int {
        return static_cast<int>(detail::raw_call(SYS_unlinkat, directory, RawCall::of(path), 0));
    }
    [[gnu::visibility("hidden")]] static auto pass_on_exec(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_fcntl, fd, F_SETFD, 0));
    }
    [[gnu::visibility("hidden")]] static auto set_status_flags(int fd, int flags) -> int {
        return static_cast<int>(detail::raw_call(SYS_fcntl, fd, F_SETFL, flags));
    }
    [[gnu::visibility("hidden")]] static auto duplicate_above_stdio(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3));
    }
    [[gnu::visibility("hidden")]] static auto duplicate_onto(int fd, int target) -> int {
        return static_cast<int>(RawCall::again(SYS_dup3, fd, target, 0));
    }
    [[gnu::visibility("hidden")]] static auto set_umask(mode_t mask) -> mode_t {
        return static_cast<mode_t>(detail::raw_call(SYS_umask, static_cast<long>(mask)));
    }
};

} // namespace daemonizer::detail
#endif

#endif
