// SPDX-License-Identifier: BSL-1.0
// The system calls that make, watch and end processes.
#ifndef DAEMONIZER_HOST_DETAIL_PROCESS_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_PROCESS_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe but flush, at_exit and leave.
struct ProcessCalls {
    /// All FILEs. Not a std::cout that is not synchronised with them: the program flushes that.
    static auto flush() -> int { return std::fflush(nullptr) == 0 ? 0 : -errno; }
    /// fork(2): 0 in the child.
    static auto fork() -> pid_t { return detail::answer(::fork()); }
    /// Whether a child may be made that shares this memory, as vfork(2) does.
    static constexpr bool shares_memory = DAEMONIZER_MAY_SHARE_MEMORY != 0;
    /// setsid(2): the session's number.
    static auto new_session() -> pid_t { return detail::answer(::setsid()); }
    /// getpid(2).
    static auto pid() -> pid_t { return ::getpid(); }
    /// getppid(2).
    static auto parent() -> pid_t { return ::getppid(); }
    /// _exit(2): no atexit functions, no buffers.
    [[noreturn]] static void leave_at_once(int status) { ::_exit(status); }
    /// With atexit functions and static destructors: for the daemon alone.
    [[noreturn]] static void leave(int status) { std::exit(status); }
    /// atexit(3). -ENOMEM where it cannot be kept.
    static auto at_exit(void (*function)()) -> int {
        return std::atexit(function) == 0 ? 0 : -ENOMEM;
    }
    /// waitid(2). `how.si_pid` is 0 where nobody is to be waited for (WNOHANG).
    static auto wait(idtype_t which, pid_t id, siginfo_t& how, int options) -> int {
        how.si_pid = 0;
        return detail::again(
            [&, id] { return ::waitid(which, static_cast<id_t>(id), &how, options); });
    }
    /// kill(2).
    static auto signal(pid_t process, int number) -> int {
        return detail::answer(::kill(process, number));
    }
    /// pidfd_open(2): a process as a descriptor, which can't come to mean another one.
    static auto open_process(pid_t process) -> int {
        return detail::int_answer(::syscall(SYS_pidfd_open, process, 0U));
    }
    /// pidfd_send_signal(2); `process` is a descriptor of open_process().
    static auto signal_process(int process, int number) -> int {
        return detail::int_answer(::syscall(SYS_pidfd_send_signal, process, number, nullptr, 0U));
    }
    /// While on, orphaned descendants become this process's children, to be waited for.
    static auto set_subreaper(bool on) -> int {
        return detail::answer(::prctl(PR_SET_CHILD_SUBREAPER, on ? 1UL : 0UL));
    }
    /// prctl(2) with PR_GET_CHILD_SUBREAPER.
    static auto is_subreaper(int& answer) -> int {
        return detail::answer(::prctl(PR_GET_CHILD_SUBREAPER, &answer));
    }
    /// prctl(2) with PR_GET_TID_ADDRESS: the word that is 0 once this thread has exited.
    static auto thread_id_word(pid_t*& word) -> int {
        return detail::answer(::prctl(PR_GET_TID_ADDRESS, &word));
    }
    /// set_tid_address(2): another word for that.
    static void set_thread_id_word(pid_t* word) { ::syscall(SYS_set_tid_address, word); }
    /// True where libc knows without asking the kernel that there has never been a second thread.
    static auto never_had_threads() -> bool {
#if __has_include(<sys/single_threaded.h>)
        return __libc_single_threaded != 0;
#else
        return false;
#endif
    }
    /// EINVAL exactly when other threads exist; otherwise changes nothing. unshare(2).
    static auto unshare_threads() -> int { return detail::answer(::unshare(CLONE_THREAD)); }
};

} // namespace daemonizer::detail

#endif
