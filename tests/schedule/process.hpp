// SPDX-License-Identifier: BSL-1.0
// One process under the scheduler: where it is held, what it is about to do, what is known of it.
#ifndef DAEMONIZER_TESTS_SCHEDULE_PROCESS_HPP
#define DAEMONIZER_TESTS_SCHEDULE_PROCESS_HPP

#include "calls.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

namespace schedule {

[[noreturn]] inline void give_up(const std::string& why) {
    std::fprintf(stderr, "schedule: %s: %s\n", why.c_str(), std::strerror(errno));
    std::_Exit(2);
}

enum class State {
    held,   ///< before a call, or newly made
    asleep, ///< in the kernel
    dead,   ///< it has ended, and its parent does not know yet
    gone,
};

struct Process {
    pid_t pid = 0;
    int index = 0; ///< in the order of their making, the same in every execution
    int actor = 0; ///< the command that it comes from
    State state = State::held;
    long call = -1;
    unsigned long long argument[6]{};
    long long deadline = -1; ///< of its sleep, in virtual ns
    bool in_vfork = false;
    bool sleep_is_over = false;
    bool was_interrupted = false; ///< the kernel will make its call again
    int end_code = 0, end_status = 0;

    // What it has said or done.
    bool has_body = false, said_ready = false, serves = false, ends = false;
    bool is_worker = false, is_stranger = false, is_trial = false, wrote_number = false;
    int signal_of_event = 0;  ///< sent by the scheduler
    int signal_of_stop = 0;   ///< sent by a control program
    bool was_leaving = false; ///< when the event came: nothing but its exit was left to do

    auto lives() const -> bool { return state == State::held || state == State::asleep; }
    auto is_serving() const -> bool { return lives() && serves && !ends; }
};

/// As /proc says: R, S, D, t, Z, X.
inline auto kernel_state(pid_t pid) -> char {
    char text[256];
    const int fd = ::open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return 'X';
    const ssize_t size = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    if (size <= 0)
        return 'X';
    text[size] = '\0';
    const char* const name_end = std::strrchr(text, ')');
    return name_end == nullptr ? 'X' : name_end[2];
}

/// Whether it sleeps and no CPU runs it any more. Its state alone does not tell: a process that is
/// about to sleep says so before it looks a last time whether it must, and on a busy machine it may
/// be interrupted in between. For this file the kernel waits until it has left the CPU.
inline auto has_left_cpu(pid_t pid) -> bool {
    char text[16] = "";
    const int fd =
        ::open(("/proc/" + std::to_string(pid) + "/syscall").c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false;
    const ssize_t size = ::read(fd, text, sizeof text - 1);
    ::close(fd);
    return size > 0 && std::strncmp(text, "running", 7) != 0;
}

inline auto parent_of(pid_t pid) -> pid_t {
    char text[256];
    const int fd = ::open(("/proc/" + std::to_string(pid) + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t size = fd < 0 ? 0 : ::read(fd, text, sizeof text - 1);
    if (fd >= 0)
        ::close(fd);
    text[size < 0 ? 0 : size] = '\0';
    const char* const name_end = std::strrchr(text, ')');
    return name_end == nullptr ? 0 : static_cast<pid_t>(std::atoi(name_end + 4));
}

inline auto peek(pid_t pid, unsigned long long at, void* into, std::size_t size) -> bool {
    const iovec here{into, size}, there{reinterpret_cast<void*>(at), size};
    return ::process_vm_readv(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

inline auto poke(pid_t pid, unsigned long long at, const void* from, std::size_t size) -> bool {
    const iovec here{const_cast<void*>(from), size}, there{reinterpret_cast<void*>(at), size};
    return ::process_vm_writev(pid, &here, 1, &there, 1, 0) == static_cast<ssize_t>(size);
}

inline auto peek_text(pid_t pid, unsigned long long at) -> std::string {
    std::string text;
    for (char c = 0; text.size() != 200 && peek(pid, at + text.size(), &c, 1) && c != '\0';)
        text += c;
    return text;
}

inline auto registers_of(pid_t pid) -> user_regs_struct {
    user_regs_struct registers{};
    ::ptrace(PTRACE_GETREGS, pid, 0, &registers);
    return registers;
}

/// Whether the call that it is held before may sleep in the kernel: not if it is told not to wait.
inline auto may_sleep(const Process& process) -> bool {
    switch (process.call) {
    case SYS_waitid:
        return (process.argument[3] & WNOHANG) == 0;
    case SYS_recvfrom:
        return (process.argument[3] & MSG_DONTWAIT) == 0;
    default:
        return reach_of(process.call) == Reach::sleeper;
    }
}

/// The path that the call it is held before names, or "".
inline auto path_of_call(const Process& process, int nth = 0) -> std::string {
    switch (process.call) {
    case SYS_openat:
    case SYS_newfstatat:
    case SYS_unlinkat:
        return nth == 0 ? peek_text(process.pid, process.argument[1]) : "";
    case SYS_renameat:
    case SYS_renameat2:
        return peek_text(process.pid, process.argument[nth == 0 ? 1 : 3]);
    default:
        return "";
    }
}

/// For the trace: the call with what tells it from others of its kind.
inline auto describe_call(const Process& process) -> std::string {
    std::string text = name_of_call(process.call);
    const auto number = [&](int nth) {
        return std::to_string(static_cast<int>(process.argument[nth]));
    };
    switch (process.call) {
    case SYS_openat:
    case SYS_newfstatat:
    case SYS_unlinkat:
        return text + " " + path_of_call(process);
    case SYS_renameat:
    case SYS_renameat2:
        return text + " " + path_of_call(process) + " " + path_of_call(process, 1);
    case SYS_fcntl: {
        struct flock range {};
        peek(process.pid, process.argument[2], &range, sizeof range);
        const bool asks = process.argument[1] == F_GETLK || process.argument[1] == F_OFD_GETLK;
        const bool open_file =
            process.argument[1] == F_OFD_GETLK || process.argument[1] == F_OFD_SETLK;
        return std::string(asks                      ? "asks for "
                           : range.l_type == F_UNLCK ? "unlocks "
                                                     : "locks ") +
               (open_file ? "OFD" : "POSIX") + " byte " + std::to_string(range.l_start) + "+" +
               std::to_string(range.l_len) + " of " + number(0);
    }
    case SYS_kill:
    case SYS_tgkill:
    case SYS_pidfd_send_signal:
    case SYS_waitid:
        return text + " " + number(0) + " " + number(1);
    case SYS_sendto:
    case SYS_recvfrom:
        return text + " " + number(0) + ", " + number(2) + " bytes";
    case SYS_close:
    case SYS_pread64:
    case SYS_pwrite64:
    case SYS_ftruncate:
    case SYS_read:
    case SYS_exit_group:
    case SYS_exit:
    case SYS_pidfd_open:
        return text + " " + number(0);
    default:
        return text;
    }
}

} // namespace schedule

#endif
