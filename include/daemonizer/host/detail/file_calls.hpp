// SPDX-License-Identifier: BSL-1.0
// The system calls on files, directories and descriptors.
#ifndef DAEMONIZER_HOST_DETAIL_FILE_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_FILE_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

// A 32-bit program of glibc's that is not compiled with _FILE_OFFSET_BITS=64. There open(2) refuses
// a log of 2 GiB, and fstat(2) an inode with a larger number (EOVERFLOW), unless asked otherwise.
#if defined(__GLIBC__) && defined(__USE_LARGEFILE64) && !defined(__USE_FILE_OFFSET64) &&           \
    __WORDSIZE == 32
#define DAEMONIZER_SMALL_OFFSETS 1
#else
#define DAEMONIZER_SMALL_OFFSETS 0
#endif

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe.
struct FileCalls {
    /// openat(2): a descriptor.
    static auto open(int directory, const char* path, int flags, mode_t mode = 0) -> int {
        return detail::again([=] { return ::openat(directory, path, flags | large_file, mode); });
    }
    /// Never made again: Linux has released the descriptor even when it answers EINTR.
    static auto close(int fd) -> int { return detail::answer(::close(fd)); }
    /// read(2): bytes, 0 at the end.
    static auto read(int fd, void* into, std::size_t size) -> long {
        return detail::again([=] { return ::read(fd, into, size); });
    }
    /// write(2): bytes, perhaps fewer than `size`.
    static auto write(int fd, const void* from, std::size_t size) -> long {
        return detail::again([=] { return ::write(fd, from, size); });
    }
    /// pwrite(2).
    static auto write_at(int fd, const void* from, std::size_t size, off_t offset) -> long {
        return detail::again([=] { return ::pwrite(fd, from, size, offset); });
    }
    /// pread(2).
    static auto read_at(int fd, void* into, std::size_t size, off_t offset) -> long {
        return detail::again([=] { return ::pread(fd, into, size, offset); });
    }
    /// ftruncate(2), to no bytes.
    static auto truncate(int fd) -> int {
        return detail::again([=] { return ::ftruncate(fd, 0); });
    }
    /// fchmod(2): exact, whatever the umask is.
    static auto change_mode(int fd, mode_t mode) -> int {
        return detail::again([=] { return ::fchmod(fd, mode); });
    }
    /// fstat(2).
    static auto status(int fd, struct stat& status) -> int {
#if DAEMONIZER_SMALL_OFFSETS
        struct stat64 large {};
        return copy(detail::answer(::fstat64(fd, &large)), large, status);
#else
        return detail::answer(::fstat(fd, &status));
#endif
    }
    /// Reads the status of the name itself: a symbolic link is not followed.
    static auto status(int directory, const char* path, struct stat& status) -> int {
#if DAEMONIZER_SMALL_OFFSETS
        struct stat64 large {};
        return copy(detail::answer(::fstatat64(directory, path, &large, AT_SYMLINK_NOFOLLOW)),
                    large, status);
#else
        return detail::answer(::fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW));
#endif
    }
    /// unlinkat(2).
    static auto unlink(int directory, const char* path) -> int {
        return detail::answer(::unlinkat(directory, path, 0));
    }
    /// Atomic: who looks at `to` sees the old file or the new one.
    static auto rename(int directory, const char* from, const char* to) -> int {
        return detail::answer(::renameat(directory, from, directory, to));
    }
    /// renameat2(2): the same only where there is no `to`, else -EEXIST. Not every file system can.
    static auto rename_to_new(int directory, const char* from, const char* to) -> int {
        constexpr unsigned no_replace = 1; // RENAME_NOREPLACE
        return static_cast<int>(
            detail::answer(::syscall(SYS_renameat2, directory, from, directory, to, no_replace)));
    }
    /// `command` is one of F_OFD_SETLK, F_SETLK, F_OFD_GETLK, F_GETLK: none of them waits.
    static auto lock(int fd, int command, struct flock& range) -> int {
        return detail::again([&, fd, command] { return ::fcntl(fd, command, &range); });
    }
    /// fcntl(2) with F_SETFL.
    static auto set_status_flags(int fd, int flags) -> int {
        return detail::answer(::fcntl(fd, F_SETFL, flags));
    }
    /// Columns, 0 where the terminal does not say; -ENOTTY where `fd` is no terminal.
    static auto terminal_width(int fd) -> int {
        winsize size{};
        const int error = detail::answer(::ioctl(fd, TIOCGWINSZ, &size));
        return error < 0 ? error : size.ws_col;
    }
    /// fcntl(2) with F_DUPFD_CLOEXEC: a descriptor of 3 or more.
    static auto duplicate_above_stdio(int fd) -> int {
        return detail::answer(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    }
    /// dup2(2): `target`, which stays open over an exec.
    static auto duplicate_onto(int fd, int target) -> int {
        return detail::again([=] { return ::dup2(fd, target); });
    }
    /// close_range(2), both ends included. -ENOSYS before Linux 5.9.
    static auto close_range(unsigned first, unsigned last) -> int {
        return detail::int_answer(::syscall(SYS_close_range, first, last, 0U));
    }
    /// getdents64(2): bytes of directory entries, 0 at the end.
    static auto list_directory(int fd, void* into, std::size_t size) -> long {
        return detail::answer(::syscall(SYS_getdents64, fd, into, size));
    }
    /// getrlimit(2) of RLIMIT_NOFILE.
    static auto descriptor_limit(rlimit& limit) -> int {
        return detail::answer(::getrlimit(RLIMIT_NOFILE, &limit));
    }
    /// getrlimit(2) of RLIMIT_FSIZE, in bytes.
    static auto file_size_limit(rlimit& limit) -> int {
        return detail::answer(::getrlimit(RLIMIT_FSIZE, &limit));
    }
    /// chdir(2).
    static auto change_directory(const char* path) -> int { return detail::answer(::chdir(path)); }
    /// umask(2): the mask before.
    static auto set_umask(mode_t mask) -> mode_t { return ::umask(mask); }

private:
#if DAEMONIZER_SMALL_OFFSETS
    static constexpr int large_file = O_LARGEFILE;

    /// Copies what this library asks of a file. An inode's number is folded to the size of ino_t.
    static auto copy(int answer, const struct stat64& from, struct stat& to) -> int {
        to = {};
        to.st_dev = from.st_dev;
        to.st_ino = static_cast<ino_t>(from.st_ino ^ (from.st_ino >> 32));
        to.st_mode = from.st_mode;
        to.st_nlink = from.st_nlink;
        to.st_uid = from.st_uid;
        to.st_gid = from.st_gid;
        return answer;
    }
#else
    static constexpr int large_file = 0;
#endif
};

} // namespace daemonizer::detail

#endif
