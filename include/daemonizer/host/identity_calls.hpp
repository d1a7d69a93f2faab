// SPDX-License-Identifier: BSL-1.0
// The system calls of identity, limits and priority, for PosixHost.
#ifndef DAEMONIZER_HOST_IDENTITY_CALLS_HPP
#define DAEMONIZER_HOST_IDENTITY_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The capabilities of a process, a bit each. capget(2).
struct CapabilitySets {
    std::uint64_t effective = 0, permitted = 0, inheritable = 0;
};

/// Three ids of one kind. getresuid(2).
struct Ids {
    unsigned real = 0, effective = 0, saved = 0;
};

/// Every call answers what the system call answers, or the negative errno; all are
/// async-signal-safe. Ids and capabilities are changed for the calling thread alone, without libc:
/// libc would signal all threads, and a static program would grow by what does that.
struct IdentityCalls {
    // Ids ----------------------------------------------------------------------------------------
    /// setgroups(2).
    static auto set_groups(std::size_t size, const gid_t* list) -> int {
        return detail::int_answer(::syscall(number::set_groups, size, list));
    }
    /// EINVAL where `size` is not 0 and too small.
    static auto groups(std::size_t size, gid_t* list) -> int {
        return detail::int_answer(::syscall(number::groups, size, list));
    }
    /// setresgid(2).
    static auto set_group_ids(gid_t real, gid_t effective, gid_t saved) -> int {
        return detail::int_answer(::syscall(number::set_group_ids, real, effective, saved));
    }
    /// setresuid(2).
    static auto set_user_ids(uid_t real, uid_t effective, uid_t saved) -> int {
        return detail::int_answer(::syscall(number::set_user_ids, real, effective, saved));
    }
    /// getresgid(2).
    static auto group_ids(Ids& ids) -> int {
        return detail::int_answer(
            ::syscall(number::group_ids, &ids.real, &ids.effective, &ids.saved));
    }
    /// getresuid(2).
    static auto user_ids(Ids& ids) -> int {
        return detail::int_answer(
            ::syscall(number::user_ids, &ids.real, &ids.effective, &ids.saved));
    }
    /// chroot(2).
    static auto change_root(const char* path) -> int { return detail::answer(::chroot(path)); }
    /// fchdir(2).
    static auto change_directory(int fd) -> int { return detail::answer(::fchdir(fd)); }

    // Capabilities -------------------------------------------------------------------------------
    /// capget(2).
    static auto capabilities(CapabilitySets& sets) -> int {
        Header header;
        Word words[2]{};
        const int error = detail::int_answer(::syscall(SYS_capget, &header, words));
        sets = {join(words[0].effective, words[1].effective),
                join(words[0].permitted, words[1].permitted),
                join(words[0].inheritable, words[1].inheritable)};
        return error;
    }
    /// capset(2).
    static auto set_capabilities(const CapabilitySets& sets) -> int {
        Header header;
        Word words[2];
        for (int i = 0; i != 2; ++i)
            words[i] = {static_cast<std::uint32_t>(sets.effective >> 32 * i),
                        static_cast<std::uint32_t>(sets.permitted >> 32 * i),
                        static_cast<std::uint32_t>(sets.inheritable >> 32 * i)};
        return detail::int_answer(::syscall(SYS_capset, &header, words));
    }
    /// 1 or 0; EINVAL beyond the kernel's last capability.
    static auto is_in_bounding_set(int capability) -> int {
        return control(PR_CAPBSET_READ, static_cast<unsigned long>(capability));
    }
    /// prctl(2) with PR_CAPBSET_DROP.
    static auto drop_from_bounding_set(int capability) -> int {
        return control(PR_CAPBSET_DROP, static_cast<unsigned long>(capability));
    }
    /// 1 or 0. prctl(2) with PR_CAP_AMBIENT.
    static auto is_ambient(int capability) -> int {
        return control(ambient, 1, static_cast<unsigned long>(capability));
    }
    /// The capability must be permitted and inheritable.
    static auto raise_ambient(int capability) -> int {
        return control(ambient, 2, static_cast<unsigned long>(capability));
    }
    /// prctl(2) with PR_CAP_AMBIENT_CLEAR_ALL.
    static auto clear_ambient() -> int { return control(ambient, 4); }
    /// prctl(2) with PR_GET_SECUREBITS.
    static auto secure_bits() -> int { return control(PR_GET_SECUREBITS); }
    /// Whether the permitted capabilities outlast a change from root to another user.
    static auto keep_capabilities(bool on) -> int { return control(PR_SET_KEEPCAPS, on ? 1 : 0); }

    // The process --------------------------------------------------------------------------------
    /// An exec gives no rights any more. prctl(2) with PR_SET_NO_NEW_PRIVS.
    static auto set_no_new_privileges() -> int { return control(PR_SET_NO_NEW_PRIVS, 1); }
    /// 1 or 0.
    static auto has_no_new_privileges() -> int { return control(PR_GET_NO_NEW_PRIVS); }
    /// Whether a core dump may be made of this process. prctl(2) with PR_SET_DUMPABLE.
    static auto set_dumpable(bool on) -> int { return control(PR_SET_DUMPABLE, on ? 1 : 0); }
    /// 1 or 0; 2 where only root reads the dump.
    static auto is_dumpable() -> int { return control(PR_GET_DUMPABLE); }
    /// prctl(2) with PR_SET_NAME: 15 bytes, the rest is cut.
    static auto name_process(const char* name) -> int {
        return detail::answer(::prctl(PR_SET_NAME, name));
    }
    /// getrlimit(2).
    static auto limit(int resource, rlimit& limit) -> int {
        return detail::answer(::getrlimit(resource, &limit));
    }
    /// setrlimit(2).
    static auto set_limit(int resource, const rlimit& limit) -> int {
        return detail::answer(::setrlimit(resource, &limit));
    }
    /// setpriority(2), of this process.
    static auto set_nice(int nice) -> int {
        return detail::answer(::setpriority(PRIO_PROCESS, 0, nice));
    }
    /// mlockall(2), of now and of the future.
    static auto lock_memory() -> int {
        return detail::answer(::mlockall(MCL_CURRENT | MCL_FUTURE));
    }
    /// Memory of zeros that costs nothing until it is written; a null pointer where there is none.
    static auto map_memory(std::size_t size) -> void* {
        void* const memory =
            ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return memory == MAP_FAILED ? nullptr : memory;
    }
    /// munmap(2).
    static auto unmap(unsigned long from, unsigned long size) -> int {
        return detail::answer(::munmap(reinterpret_cast<void*>(from), size));
    }

private:
    // 32-bit machines that are older than 32-bit ids have two sets of calls.
    struct number {
#ifdef SYS_setresuid32
        static constexpr long set_groups = SYS_setgroups32, groups = SYS_getgroups32;
        static constexpr long set_group_ids = SYS_setresgid32, group_ids = SYS_getresgid32;
        static constexpr long set_user_ids = SYS_setresuid32, user_ids = SYS_getresuid32;
#else
        static constexpr long set_groups = SYS_setgroups, groups = SYS_getgroups;
        static constexpr long set_group_ids = SYS_setresgid, group_ids = SYS_getresgid;
        static constexpr long set_user_ids = SYS_setresuid, user_ids = SYS_getresuid;
#endif
    };
    static constexpr int ambient = 47; // PR_CAP_AMBIENT, Linux 4.3

    struct Header {
        std::uint32_t version = 0x20080522; // _LINUX_CAPABILITY_VERSION_3: 64 capabilities
        int process = 0;                    // this thread
    };
    struct Word {
        std::uint32_t effective, permitted, inheritable;
    };
    static auto join(std::uint32_t low, std::uint32_t high) -> std::uint64_t {
        return std::uint64_t{high} << 32 | low;
    }
    static auto control(int option, unsigned long a = 0, unsigned long b = 0) -> int {
        return detail::answer(::prctl(option, a, b, 0UL, 0UL));
    }
};

} // namespace daemonizer::detail

#endif
