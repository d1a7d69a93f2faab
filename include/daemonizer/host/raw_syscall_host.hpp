// SPDX-License-Identifier: BSL-1.0
// Makes a launcher's system calls without libc, whose data may be the daemon's by then.
#ifndef DAEMONIZER_HOST_RAW_SYSCALL_HOST_HPP
#define DAEMONIZER_HOST_RAW_SYSCALL_HOST_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/envelope.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <cerrno>
#include <cstddef>
#include <ctime>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The host of a launcher that only waits for the outcome: the calls of PosixHost that this takes,
/// without libc, whose memory may be another process's by now, or gone.
struct RawHost {
    [[gnu::visibility("hidden")]] static auto open(int directory, const char* path, int flags)
        -> int {
        return static_cast<int>(again(SYS_openat, directory, of(path), flags));
    }
    [[gnu::visibility("hidden")]] static auto close(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_close, fd));
    }
    [[gnu::visibility("hidden")]] static auto read(int fd, void* into, std::size_t size) -> long {
        return again(SYS_read, fd, of(into), static_cast<long>(size));
    }
    [[gnu::visibility("hidden")]] static auto write(int fd, const void* from, std::size_t size)
        -> long {
        return again(SYS_write, fd, of(from), static_cast<long>(size));
    }
    [[gnu::visibility("hidden")]] static auto truncate(int fd) -> int {
        return static_cast<int>(again(SYS_ftruncate, fd, 0));
    }
    [[gnu::visibility("hidden")]] static auto status(int fd, struct stat& status) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_newfstatat, fd, of(""), of(&status), AT_EMPTY_PATH));
    }
    [[gnu::visibility("hidden")]] static auto status(int directory, const char* path,
                                                     struct stat& status) -> int {
        return static_cast<int>(detail::raw_call(SYS_newfstatat, directory, of(path), of(&status),
                                                 AT_SYMLINK_NOFOLLOW));
    }
    [[gnu::visibility("hidden")]] static auto terminal_width(int fd) -> int {
        winsize size{};
        const long answer = detail::raw_call(SYS_ioctl, fd, TIOCGWINSZ, of(&size));
        return answer < 0 ? static_cast<int>(answer) : size.ws_col;
    }
    [[gnu::visibility("hidden")]] static auto unlink(int directory, const char* path) -> int {
        return static_cast<int>(detail::raw_call(SYS_unlinkat, directory, of(path), 0));
    }

    [[gnu::visibility("hidden")]] static auto pid() -> pid_t {
        return static_cast<pid_t>(detail::raw_call(SYS_getpid));
    }
    /// Whether this process and its parent see the same process numbers: getppid(2) is 0 for a
    /// parent in another pid namespace.
    [[gnu::visibility("hidden")]] static auto shares_numbers_with_parent() -> bool {
        return parent() > 0;
    }
    /// Whether they run on the same memory, too. False where the kernel does not say so: kcmp(2)
    /// needs CONFIG_KCMP, and the right to trace the parent.
    [[gnu::visibility("hidden")]] static auto shares_memory_with_parent() -> bool {
#if defined(SYS_kcmp)
        constexpr int memory = 1; // KCMP_VM
        const pid_t other = parent();
        return other > 0 && detail::raw_call(SYS_kcmp, other, pid(), memory, 0, 0) == 0;
#else
        return false;
#endif
    }
    [[noreturn, gnu::visibility("hidden")]] static void leave_at_once(int status) {
        for (;;)
            detail::raw_call(SYS_exit_group, status);
    }
    [[gnu::visibility("hidden")]] static auto wait(idtype_t which, pid_t id, siginfo_t& how,
                                                   int options) -> int {
        how.si_pid = 0;
        return static_cast<int>(again(SYS_waitid, which, id, of(&how), options));
    }
    [[gnu::visibility("hidden")]] static auto signal(pid_t process, int number) -> int {
        return static_cast<int>(detail::raw_call(SYS_kill, process, number));
    }
    /// Only the handler counts, and `to` has none: the kernel would want more for one that returns.
    [[gnu::visibility("hidden")]] static auto set_disposition(int number,
                                                              const struct sigaction& to) -> int {
        struct sigaction before;
        return set_disposition(number, to, before);
    }
    [[gnu::visibility("hidden")]] static auto
    set_disposition(int number, const struct sigaction& to, struct sigaction& before) -> int {
        const KernelAction action{to.sa_handler};
        KernelAction was{};
        const long answer =
            detail::raw_call(SYS_rt_sigaction, number, of(&action), of(&was), size_of_mask);
        before.sa_handler = was.handler;
        return static_cast<int>(answer);
    }
    [[gnu::visibility("hidden")]] static auto disposition(int number, struct sigaction& now)
        -> int {
        KernelAction is{};
        const long answer = detail::raw_call(SYS_rt_sigaction, number, 0, of(&is), size_of_mask);
        now.sa_handler = is.handler;
        return static_cast<int>(answer);
    }
    [[gnu::visibility("hidden")]] static auto set_mask(int how, const sigset_t& mask) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_rt_sigprocmask, how, of(&mask), 0, size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto pending_signals(sigset_t& set) -> int {
        return static_cast<int>(detail::raw_call(SYS_rt_sigpending, of(&set), size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto take_signal(const sigset_t& set) -> int {
        const timespec at_once{};
        return static_cast<int>(
            again(SYS_rt_sigtimedwait, of(&set), 0, of(&at_once), size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto signal_descriptor(const sigset_t& mask) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_signalfd4, -1, of(&mask), size_of_mask, SFD_CLOEXEC));
    }
    [[gnu::visibility("hidden")]] static auto poll(pollfd* set, nfds_t size, const timespec* limit,
                                                   const sigset_t* mask) -> int {
        timespec left{}; // the kernel writes what is left of the time
        if (limit != nullptr)
            left = *limit;
        return static_cast<int>(detail::raw_call(SYS_ppoll, of(set), static_cast<long>(size),
                                                 limit != nullptr ? of(&left) : 0, of(mask),
                                                 size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto now() -> long long {
        timespec time{};
        detail::raw_call(SYS_clock_gettime, CLOCK_MONOTONIC, of(&time));
        return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
    }
    [[gnu::visibility("hidden")]] static auto send(int fd, const void* from, std::size_t size)
        -> long {
        return again(SYS_sendto, fd, of(from), static_cast<long>(size), MSG_NOSIGNAL);
    }
    [[gnu::visibility("hidden")]] static auto receive_from(int fd, void* into, std::size_t size,
                                                           pid_t& sender) -> long {
        Envelope envelope{into, size};
        const long got = again(SYS_recvmsg, fd, of(&envelope.header), MSG_DONTWAIT);
        sender = got < 0 ? 0 : envelope.sender();
        return got;
    }

    [[gnu::visibility("hidden")]] static auto open_socket(int processes, int type) -> int {
        return static_cast<int>(detail::raw_call(SYS_socket, processes, type | SOCK_CLOEXEC, 0));
    }
    [[gnu::visibility("hidden")]] static auto connect_socket(int fd, const void* address,
                                                             socklen_t size) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_connect, fd, of(address), static_cast<long>(size)));
    }
    [[gnu::visibility("hidden")]] static auto bind_socket(int fd, const void* address,
                                                          socklen_t size) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_bind, fd, of(address), static_cast<long>(size)));
    }
    [[gnu::visibility("hidden")]] static auto send_message(int fd, const msghdr& message) -> long {
        return again(SYS_sendmsg, fd, of(&message), MSG_NOSIGNAL | MSG_DONTWAIT);
    }
    [[gnu::visibility("hidden")]] static auto stop_sending(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_shutdown, fd, SHUT_WR));
    }

    // Of a monitor, which starts a daemon anew ----------------------------------------------------
    [[gnu::visibility("hidden")]] static auto fork() -> pid_t {
        return static_cast<pid_t>(detail::raw_call(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    }
    [[gnu::visibility("hidden")]] static auto execute(const char* path, char* const* arguments,
                                                      char* const* environment) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_execve, of(path), of(arguments), of(environment)));
    }
    [[gnu::visibility("hidden")]] static auto parent() -> pid_t {
        return static_cast<pid_t>(detail::raw_call(SYS_getppid));
    }
    [[gnu::visibility("hidden")]] static auto lead_group() -> int {
        return static_cast<int>(detail::raw_call(SYS_setpgid, 0, 0));
    }
    [[gnu::visibility("hidden")]] static auto set_parent_death_signal(int number) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_prctl, 1 /* PR_SET_PDEATHSIG */, number, 0, 0, 0));
    }
    [[gnu::visibility("hidden")]] static auto pass_on_exec(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_fcntl, fd, F_SETFD, 0));
    }
    [[gnu::visibility("hidden")]] static auto duplicate_above_stdio(int fd) -> int {
        return static_cast<int>(detail::raw_call(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 3));
    }
    [[gnu::visibility("hidden")]] static auto duplicate_onto(int fd, int target) -> int {
        return static_cast<int>(again(SYS_dup3, fd, target, 0));
    }
    [[gnu::visibility("hidden")]] static auto socket_pair(int (&ends)[2]) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_socketpair, AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, of(&ends)));
    }
    [[gnu::visibility("hidden")]] static auto ask_for_senders(int fd) -> int {
        const int on = 1;
        return static_cast<int>(
            detail::raw_call(SYS_setsockopt, fd, SOL_SOCKET, SO_PASSCRED, of(&on), sizeof on));
    }
    [[gnu::visibility("hidden")]] static auto receive(int fd, void* into, std::size_t size,
                                                      int flags) -> long {
        pid_t sender;
        return flags == MSG_DONTWAIT ? receive_from(fd, into, size, sender)
                                     : again(SYS_read, fd, of(into), static_cast<long>(size));
    }

    /// Kilobytes that were resident at the most. getrusage(2).
    [[gnu::visibility("hidden")]] static auto peak_memory() -> long {
        rusage usage{};
        detail::raw_call(SYS_getrusage, RUSAGE_SELF, of(&usage));
        return usage.ru_maxrss;
    }
    [[gnu::visibility("hidden")]] static auto unmap(unsigned long from, unsigned long size) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_munmap, static_cast<long>(from), static_cast<long>(size)));
    }

private:
    static constexpr long size_of_mask = 8; // the kernel's
    /// What rt_sigaction(2) takes, or a little more.
    struct KernelAction {
        void (*handler)(int);
        long rest[3]{};
    };

    [[gnu::visibility("hidden")]] static auto of(const void* address) -> long {
        return reinterpret_cast<long>(address);
    }

    /// Of a call whose fifth argument may be null or is not looked at.
    [[gnu::visibility("hidden")]] static auto again(long call, long a, long b,
                                                    long c = detail::unset_register(),
                                                    long d = detail::unset_register()) -> long {
        long answer;
        do
            answer = detail::raw_call(call, a, b, c, d, 0);
        while (answer == -EINTR);
        return answer;
    }
};

} // namespace daemonizer::detail
#endif

#endif
