// SPDX-License-Identifier: BSL-1.0
// The system calls of Landlock and seccomp, for PosixHost. Neither has functions in a C library.
#ifndef DAEMONIZER_HOST_DETAIL_CONFINEMENT_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_CONFINEMENT_CALLS_HPP

#include <daemonizer/host/confinement_structs.hpp>
#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Every call answers what the system call answers, or the negative errno. All are
/// async-signal-safe. The numbers 444 to 446 are the same on every machine of Linux.
struct ConfinementCalls {
    /// The kernel's Landlock ABI. ENOSYS: not built in; EOPNOTSUPP: switched off at boot.
    static auto landlock_abi() -> int {
        return detail::int_answer(::syscall(444, nullptr, 0UL, 1U));
    }
    /// A descriptor (close-on-exec) of a ruleset that forbids `rights` until rules allow them.
    /// `size` is that of the members that the kernel's ABI has. EINVAL: it knows fewer rights.
    static auto landlock_ruleset(const LandlockRights& rights, std::size_t size) -> int {
        return detail::int_answer(::syscall(444, &rights, size, 0U));
    }
    /// Allows file rights on what `fd` (O_PATH will do) names, and below it.
    static auto landlock_allow_path(int ruleset, std::uint64_t rights, int fd) -> int {
        const PathRule rule{rights, fd};
        return detail::int_answer(::syscall(445, ruleset, 1, &rule, 0U));
    }
    /// Allows TCP rights on a port. EAFNOSUPPORT: the kernel has no TCP.
    static auto landlock_allow_port(int ruleset, std::uint64_t rights, std::uint64_t port) -> int {
        const PortRule rule{rights, port};
        return detail::int_answer(::syscall(445, ruleset, 2, &rule, 0U));
    }
    /// Confines this thread, and what it forks and execs, for good. EPERM: no_new_privs is not set.
    static auto landlock_restrict(int ruleset) -> int {
        return detail::int_answer(::syscall(446, ruleset, 0U));
    }
    /// seccomp(2) in filter mode, by prctl where the kernel has no such call (before 3.17).
    static auto install_filter(const FilterInstruction* instructions, unsigned short count) -> int {
        const FilterProgram program{count, instructions};
        const int error = detail::int_answer(::syscall(SYS_seccomp, 1U, 0U, &program));
        return error != -ENOSYS ? error : detail::answer(::prctl(PR_SET_SECCOMP, 2UL, &program));
    }
    /// Makes a system call with arguments that none accepts, to learn whether it is forbidden.
    static auto try_system_call(long number) -> int {
        return detail::int_answer(::syscall(number, -1L, -1L, -1L, -1L, -1L, -1L));
    }

private:
    struct [[gnu::packed]] PathRule { // landlock_path_beneath_attr
        std::uint64_t rights;
        std::int32_t fd;
    };
    struct PortRule { // landlock_net_port_attr
        std::uint64_t rights, port;
    };
    struct FilterProgram { // sock_fprog
        unsigned short count;
        const FilterInstruction* instructions;
    };
};

} // namespace daemonizer::detail

#endif
