// SPDX-License-Identifier: BSL-1.0
// Makes the system calls: the host that a composition has unless it names another.
#ifndef DAEMONIZER_HOST_POSIX_HOST_HPP
#define DAEMONIZER_HOST_POSIX_HOST_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/host/detail/confinement_calls.hpp>
#include <daemonizer/host/detail/exec_calls.hpp>
#include <daemonizer/host/detail/socket_calls.hpp>
#include <daemonizer/host/detail/timer_calls.hpp>
#include <daemonizer/host/identity_calls.hpp>
#include <daemonizer/host/raw_syscall_host.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/envelope.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

// A 32-bit program of glibc's that is not compiled with _FILE_OFFSET_BITS=64. There open(2) refuses
// a log of 2 GiB, and fstat(2) an inode with a larger number (EOVERFLOW), unless asked otherwise.
#if defined(__GLIBC__) && defined(__USE_LARGEFILE64) && !defined(__USE_FILE_OFFSET64) &&           \
    __WORDSIZE == 32
#define DAEMONIZER_SMALL_OFFSETS 1
#else
#define DAEMONIZER_SMALL_OFFSETS 0
#endif

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// closelog(3), or null where nothing else in the program refers to it: a static program that has
/// no syslog(3) does not get it for this.
[[gnu::weakref("closelog"), maybe_unused]] static void closelog_if_linked();

} // namespace detail

/// The host makes the system calls. Every call answers what the system call answers, or the
/// negative errno: an error cannot be overwritten between the call and its reader. Calls that a
/// signal can interrupt are made again, except poll and pause, whose callers have a deadline to
/// look at. All are async-signal-safe but flush, at_exit, leave and those of syslog.
struct PosixHost : detail::ConfinementCalls,
                   detail::ExecCalls,
                   detail::IdentityCalls,
                   detail::SocketCalls,
                   detail::TimerCalls {
    using slot = slots::host;
    using steps = step_list<>;
#if DAEMONIZER_HAS_RAW_CALLS && DAEMONIZER_MAY_SHARE_MEMORY
    /// For a launcher that only waits and leaves; where a host names none it is its own.
    using raw = detail::RawHost;
#endif

    // Files ------------------------------------------------------------------------------------
    static auto open(int directory, const char* path, int flags, mode_t mode = 0) -> int {
        return again([=] { return ::openat(directory, path, flags | large_file, mode); });
    }
    /// Never made again: Linux has released the descriptor even when it answers EINTR.
    static auto close(int fd) -> int { return once(::close(fd)); }
    static auto read(int fd, void* into, std::size_t size) -> long {
        return again([=] { return ::read(fd, into, size); });
    }
    static auto write(int fd, const void* from, std::size_t size) -> long {
        return again([=] { return ::write(fd, from, size); });
    }
    static auto write_at(int fd, const void* from, std::size_t size, off_t offset) -> long {
        return again([=] { return ::pwrite(fd, from, size, offset); });
    }
    static auto read_at(int fd, void* into, std::size_t size, off_t offset) -> long {
        return again([=] { return ::pread(fd, into, size, offset); });
    }
    static auto truncate(int fd) -> int {
        return again([=] { return ::ftruncate(fd, 0); });
    }
    static auto change_mode(int fd, mode_t mode) -> int {
        return again([=] { return ::fchmod(fd, mode); });
    }
    static auto status(int fd, struct stat& status) -> int {
#if DAEMONIZER_SMALL_OFFSETS
        struct stat64 large {};
        return copy(once(::fstat64(fd, &large)), large, status);
#else
        return once(::fstat(fd, &status));
#endif
    }
    /// Of the name itself: a symbolic link is not followed.
    static auto status(int directory, const char* path, struct stat& status) -> int {
#if DAEMONIZER_SMALL_OFFSETS
        struct stat64 large {};
        return copy(once(::fstatat64(directory, path, &large, AT_SYMLINK_NOFOLLOW)), large, status);
#else
        return once(::fstatat(directory, path, &status, AT_SYMLINK_NOFOLLOW));
#endif
    }
    static auto unlink(int directory, const char* path) -> int {
        return once(::unlinkat(directory, path, 0));
    }
    /// Atomic: who looks at `to` sees the old file or the new one.
    static auto rename(int directory, const char* from, const char* to) -> int {
        return once(::renameat(directory, from, directory, to));
    }
    /// renameat2(2): the same only where there is no `to`, else -EEXIST. Not every file system can.
    static auto rename_to_new(int directory, const char* from, const char* to) -> int {
        constexpr unsigned no_replace = 1; // RENAME_NOREPLACE
        return static_cast<int>(
            once(::syscall(SYS_renameat2, directory, from, directory, to, no_replace)));
    }
    /// `command` is one of F_OFD_SETLK, F_SETLK, F_OFD_GETLK, F_GETLK: none of them waits.
    static auto lock(int fd, int command, struct flock& range) -> int {
        return again([&, fd, command] { return ::fcntl(fd, command, &range); });
    }
    static auto set_status_flags(int fd, int flags) -> int {
        return once(::fcntl(fd, F_SETFL, flags));
    }
    /// Columns, 0 where the terminal does not say; -ENOTTY where `fd` is no terminal.
    static auto terminal_width(int fd) -> int {
        winsize size{};
        const int error = once(::ioctl(fd, TIOCGWINSZ, &size));
        return error < 0 ? error : size.ws_col;
    }
    static auto duplicate_above_stdio(int fd) -> int {
        return once(::fcntl(fd, F_DUPFD_CLOEXEC, 3));
    }
    static auto duplicate_onto(int fd, int target) -> int {
        return again([=] { return ::dup2(fd, target); });
    }
    static auto close_range(unsigned first, unsigned last) -> int {
        return static_cast<int>(once(::syscall(SYS_close_range, first, last, 0U)));
    }
    static auto list_directory(int fd, void* into, std::size_t size) -> long {
        return once(::syscall(SYS_getdents64, fd, into, size));
    }
    static auto descriptor_limit(rlimit& limit) -> int {
        return once(::getrlimit(RLIMIT_NOFILE, &limit));
    }
    static auto file_size_limit(rlimit& limit) -> int {
        return once(::getrlimit(RLIMIT_FSIZE, &limit));
    }
    using detail::IdentityCalls::change_directory; // to what a descriptor names
    static auto change_directory(const char* path) -> int { return once(::chdir(path)); }
    static auto set_umask(mode_t mask) -> mode_t { return ::umask(mask); }

    // Processes --------------------------------------------------------------------------------
    /// All FILEs. Not a std::cout that is not synchronised with them: the program flushes that.
    static auto flush() -> int { return std::fflush(nullptr) == 0 ? 0 : -errno; }
    static auto fork() -> pid_t { return once(::fork()); }
    /// Whether a child may be made that shares this memory, as vfork(2) does.
    static constexpr bool shares_memory = DAEMONIZER_MAY_SHARE_MEMORY != 0;
    static auto new_session() -> pid_t { return once(::setsid()); }
    static auto pid() -> pid_t { return ::getpid(); }
    static auto parent() -> pid_t { return ::getppid(); }
    [[noreturn]] static void leave_at_once(int status) { ::_exit(status); }
    /// With atexit functions and static destructors: for the daemon alone.
    [[noreturn]] static void leave(int status) { std::exit(status); }
    static auto at_exit(void (*function)()) -> int {
        return std::atexit(function) == 0 ? 0 : -ENOMEM;
    }
    static auto wait(idtype_t which, pid_t id, siginfo_t& how, int options) -> int {
        how.si_pid = 0;
        return again([&, id] { return ::waitid(which, static_cast<id_t>(id), &how, options); });
    }
    static auto signal(pid_t process, int number) -> int { return once(::kill(process, number)); }
    /// pidfd_open(2): a process as a descriptor, which can't come to mean another one.
    static auto open_process(pid_t process) -> int {
        return static_cast<int>(once(::syscall(SYS_pidfd_open, process, 0U)));
    }
    static auto signal_process(int process, int number) -> int {
        return static_cast<int>(
            once(::syscall(SYS_pidfd_send_signal, process, number, nullptr, 0U)));
    }
    /// While on, orphaned descendants become this process's children, to be waited for.
    static auto set_subreaper(bool on) -> int {
        return once(::prctl(PR_SET_CHILD_SUBREAPER, on ? 1UL : 0UL));
    }
    static auto is_subreaper(int& answer) -> int {
        return once(::prctl(PR_GET_CHILD_SUBREAPER, &answer));
    }
    /// True where libc knows without asking the kernel that there has never been a second thread.
    static auto never_had_threads() -> bool {
#if __has_include(<sys/single_threaded.h>)
        return __libc_single_threaded != 0;
#else
        return false;
#endif
    }
    /// EINVAL exactly when other threads exist; otherwise changes nothing. unshare(2).
    static auto unshare_threads() -> int { return once(::unshare(CLONE_THREAD)); }

    // Signals and time -------------------------------------------------------------------------
    static auto set_disposition(int number, const struct sigaction& to) -> int {
        return once(::sigaction(number, &to, nullptr));
    }
    static auto set_disposition(int number, const struct sigaction& to, struct sigaction& before)
        -> int {
        return once(::sigaction(number, &to, &before));
    }
    static auto disposition(int number, struct sigaction& now) -> int {
        return once(::sigaction(number, nullptr, &now));
    }
    static auto set_mask(int how, const sigset_t& mask, sigset_t* before = nullptr) -> int {
        return once(::sigprocmask(how, &mask, before));
    }
    /// Of the signals that this thread has blocked: those that have come meanwhile.
    static auto pending_signals(sigset_t& set) -> int { return once(::sigpending(&set)); }
    /// Takes one that is pending, if there is one: its number, or -EAGAIN.
    static auto take_signal(const sigset_t& set) -> int {
        const timespec at_once{};
        return again([&] { return ::sigtimedwait(&set, nullptr, &at_once); });
    }
    /// sigtimedwait(2): the next one of these, which are blocked; -EAGAIN at the end of the time.
    static auto wait_for_signal(const sigset_t& set, const timespec* limit) -> int {
        return again([&] { return ::sigtimedwait(&set, nullptr, limit); });
    }
    static auto signal_descriptor(const sigset_t& mask) -> int {
        return once(::signalfd(-1, &mask, SFD_CLOEXEC));
    }
    /// pipe2(2): read end and write end, close-on-exec and non-blocking.
    static auto wake_pipe(int (&ends)[2]) -> int {
        return once(::pipe2(ends, O_CLOEXEC | O_NONBLOCK));
    }
    /// ppoll(2): the mask holds during the wait only; -EINTR when a handler ran.
    static auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) -> int {
        return once(::ppoll(set, size, limit, mask));
    }
    /// Nanoseconds of CLOCK_MONOTONIC.
    static auto now() -> long long {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC, &time);
        return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
    }

    /// Seconds of CLOCK_REALTIME since 1970.
    static auto wall_clock() -> long long {
        timespec time{};
        ::clock_gettime(CLOCK_REALTIME, &time);
        return time.tv_sec;
    }

    // The report's socket ----------------------------------------------------------------------
    static auto socket_pair(int (&ends)[2]) -> int {
        return once(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends));
    }
    /// SO_PASSCRED: receive_from() tells then who has sent.
    static auto ask_for_senders(int fd) -> int {
        const int on = 1;
        return once(::setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof on));
    }
    /// Never waits.
    static auto receive_from(int fd, void* into, std::size_t size, pid_t& sender) -> long {
        detail::Envelope envelope{into, size};
        const long got = again([&] { return ::recvmsg(fd, &envelope.header, MSG_DONTWAIT); });
        sender = got < 0 ? 0 : envelope.sender();
        return got;
    }
    /// MSG_NOSIGNAL: a reader that has gone is an error, never a SIGPIPE.
    static auto send(int fd, const void* from, std::size_t size) -> long {
        return again([=] { return ::send(fd, from, size, MSG_NOSIGNAL); });
    }
    static auto receive(int fd, void* into, std::size_t size, int flags) -> long {
        return again([=] { return ::recv(fd, into, size, flags); });
    }

    // syslog(3) --------------------------------------------------------------------------------
    static void open_log(const char* ident, int facility) {
        ::openlog(ident, LOG_PID | LOG_NDELAY, facility);
    }
    static void set_log_mask(int mask) { ::setlogmask(mask); }
    static void log(int priority, const char* text) { ::syslog(priority, "%s", text); }
    static void close_log() { ::closelog(); }
    /// As close_log(), where the program can have spoken to syslog at all.
    static void disconnect_log() {
        if (detail::closelog_if_linked != nullptr)
            detail::closelog_if_linked();
    }

private:
#if DAEMONIZER_SMALL_OFFSETS
    static constexpr int large_file = O_LARGEFILE;

    /// What this library asks of a file. An inode's number is folded to the size of ino_t.
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

    [[gnu::cold, gnu::noinline]] static auto error() -> int { return -errno; }

    template <class Value>
    static auto once(Value value) -> Value {
        return value < 0 ? static_cast<Value>(error()) : value;
    }
    template <class Call> // inlined, or each call would pass a closure
    [[gnu::always_inline]] static auto again(Call call) -> decltype(call()) {
        for (;;) {
            const auto value = call();
            if (value >= 0)
                return value;
            if (const int code = error(); code != -EINTR)
                return static_cast<decltype(call())>(code);
        }
    }
};

} // namespace daemonizer

#endif
