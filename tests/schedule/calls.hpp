// SPDX-License-Identifier: BSL-1.0
// The system calls before which a process is held.
#ifndef DAEMONIZER_TESTS_SCHEDULE_CALLS_HPP
#define DAEMONIZER_TESTS_SCHEDULE_CALLS_HPP

#include "marks.hpp"

#include <algorithm>
#include <cstddef>
#include <fcntl.h>
#include <iterator>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <vector>

namespace schedule {

/// How a call concerns the other processes.
enum class Reach {
    nobody,  ///< only a signal can come before or after it
    others,  ///< its answer or its effect depends on who comes first
    sleeper, ///< as others, and it may sleep in the kernel
};

struct Call {
    long number;
    const char* name;
    Reach reach;
};

constexpr Call calls[] = {
    {SYS_openat, "openat", Reach::others},
    {SYS_newfstatat, "fstatat", Reach::others},
    {SYS_unlinkat, "unlinkat", Reach::others},
    {SYS_renameat, "renameat", Reach::others},
    {SYS_renameat2, "renameat2", Reach::others},
    {SYS_fcntl, "fcntl", Reach::others}, // the locks alone, see the filter
    {SYS_ftruncate, "ftruncate", Reach::others},
    {SYS_fchmod, "fchmod", Reach::others},
    {SYS_pread64, "pread", Reach::others},
    {SYS_pwrite64, "pwrite", Reach::others},
    {SYS_read, "read", Reach::sleeper},
    {SYS_write, "write", Reach::others},
    {SYS_close, "close", Reach::others},
    {SYS_close_range, "close_range", Reach::others},
    {SYS_sendto, "sendto", Reach::others},
    {SYS_recvfrom, "recvfrom", Reach::sleeper},
    {SYS_sendmsg, "sendmsg", Reach::others},
    {SYS_recvmsg, "recvmsg", Reach::others},
    {SYS_ppoll, "ppoll", Reach::sleeper},
    {SYS_poll, "poll", Reach::sleeper},
    {SYS_waitid, "waitid", Reach::sleeper},
    {SYS_wait4, "wait4", Reach::sleeper},
    {SYS_kill, "kill", Reach::others},
    {SYS_tgkill, "tgkill", Reach::others},
    {SYS_pidfd_open, "pidfd_open", Reach::others},
    {SYS_pidfd_send_signal, "pidfd_send_signal", Reach::others},
    {SYS_clone, "clone", Reach::others},
    {SYS_clone3, "clone3", Reach::others},
    {SYS_fork, "fork", Reach::others},
    {SYS_vfork, "vfork", Reach::sleeper},
    {SYS_setsid, "setsid", Reach::others},
    {SYS_exit, "exit", Reach::others},
    {SYS_exit_group, "exit_group", Reach::others},
    {SYS_rt_sigprocmask, "sigprocmask", Reach::nobody},
    {SYS_rt_sigpending, "sigpending", Reach::nobody},
    {SYS_rt_sigtimedwait, "sigtimedwait", Reach::nobody},
    {SYS_signalfd4, "signalfd", Reach::nobody},
    {SYS_prctl, "prctl", Reach::nobody},
    {SYS_clock_gettime, "clock_gettime", Reach::nobody}, // answered, never a point
};

inline auto call_of(long number) -> const Call* {
    const auto* const found = std::find_if(std::begin(calls), std::end(calls),
                                           [=](const Call& call) { return call.number == number; });
    return found == std::end(calls) ? nullptr : found;
}

inline auto name_of_call(long number) -> const char* {
    if (number >= mark_first && number < mark_end)
        return mark_names[number - mark_first];
    const Call* const call = call_of(number);
    return call == nullptr ? "its beginning" : call->name;
}

inline auto reach_of(long number) -> Reach {
    const Call* const call = call_of(number);
    return call == nullptr ? Reach::others : call->reach;
}

/// Has the kernel hold this process, and all that it will fork or exec, before these calls.
inline void install_filter() {
    std::vector<sock_filter> program;
    const auto add = [&](unsigned code, unsigned yes, unsigned no, unsigned long value) {
        program.push_back({static_cast<unsigned short>(code), static_cast<unsigned char>(yes),
                           static_cast<unsigned char>(no), static_cast<unsigned>(value)});
    };
    const auto hold = [&] { add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_TRACE); };
    const auto allow = [&] { add(BPF_RET | BPF_K, 0, 0, SECCOMP_RET_ALLOW); };
    add(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, nr));
    add(BPF_JMP | BPF_JGE | BPF_K, 0, 1, mark_first);
    hold();
    for (const Call& call : calls) {
        if (call.number == SYS_fcntl)
            continue;
        add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<unsigned long>(call.number));
        hold();
    }
    constexpr unsigned long locks[] = {F_GETLK, F_SETLK, F_OFD_GETLK, F_OFD_SETLK};
    add(BPF_JMP | BPF_JEQ | BPF_K, 1, 0, SYS_fcntl);
    allow();
    add(BPF_LD | BPF_W | BPF_ABS, 0, 0, offsetof(seccomp_data, args) + 8);
    for (const unsigned long lock : locks) {
        add(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, lock);
        hold();
    }
    allow();
    const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter) != 0)
        ::_exit(98);
}

} // namespace schedule

#endif
