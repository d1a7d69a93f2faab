// SPDX-License-Identifier: BSL-1.0
// A launcher's and a monitor's system calls on processes, without libc.
#ifndef DAEMONIZER_HOST_DETAIL_RAW_PROCESS_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_RAW_PROCESS_CALLS_HPP

#include <daemonizer/host/detail/raw/raw_call.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of RawHost. Each call answers what the kernel answers: a negative errno where it fails.
/// All are async-signal-safe.
struct RawProcessCalls {
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
        return static_cast<int>(RawCall::again(SYS_waitid, which, id, RawCall::of(&how), options));
    }
    [[gnu::visibility("hidden")]] static auto signal(pid_t process, int number) -> int {
        return static_cast<int>(detail::raw_call(SYS_kill, process, number));
    }
    [[gnu::visibility("hidden")]] static auto fork() -> pid_t {
        return static_cast<pid_t>(detail::raw_call(SYS_clone, SIGCHLD, 0, 0, 0, 0));
    }
    [[gnu::visibility("hidden")]] static auto execute(const char* path, char* const* arguments,
                                                      char* const* environment) -> int {
        return static_cast<int>(detail::raw_call(SYS_execve, RawCall::of(path),
                                                 RawCall::of(arguments), RawCall::of(environment)));
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
    [[gnu::visibility("hidden")]] static auto set_subreaper(bool on) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_prctl, 36 /* PR_SET_CHILD_SUBREAPER */, on ? 1 : 0, 0, 0, 0));
    }
    /// Kilobytes that were resident at the most. getrusage(2).
    [[gnu::visibility("hidden")]] static auto peak_memory() -> long {
        rusage usage{};
        detail::raw_call(SYS_getrusage, RUSAGE_SELF, RawCall::of(&usage));
        return usage.ru_maxrss;
    }
    [[gnu::visibility("hidden")]] static auto unmap(unsigned long from, unsigned long size) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_munmap, static_cast<long>(from), static_cast<long>(size)));
    }
};

} // namespace daemonizer::detail
#endif

#endif
