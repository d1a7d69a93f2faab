// SPDX-License-Identifier: BSL-1.0
// The system calls of each group of DenySystemCalls, by their numbers on this machine.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_SYSTEM_CALL_NUMBERS_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_SYSTEM_CALL_NUMBERS_HPP

#include <daemonizer/confinement/detail/bpf_filter.hpp>
#include <daemonizer/confinement/system_calls.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <sys/syscall.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

#if defined(__x86_64__) && !defined(__ILP32__)
inline constexpr bool knows_system_calls = true;
inline constexpr std::uint32_t architecture = 0xc000003e;
#elif defined(__aarch64__) && !defined(__ILP32__) && !defined(__AARCH64EB__)
inline constexpr bool knows_system_calls = true;
inline constexpr std::uint32_t architecture = 0xc00000b7;
#elif defined(__i386__)
inline constexpr bool knows_system_calls = true;
inline constexpr std::uint32_t architecture = 0x40000003;
#elif defined(__ARM_EABI__) && !defined(__ARMEB__)
inline constexpr bool knows_system_calls = true;
inline constexpr std::uint32_t architecture = 0x40000028;
#elif defined(__riscv) && __riscv_xlen == 64
inline constexpr bool knows_system_calls = true;
inline constexpr std::uint32_t architecture = 0xc00000f3;
#elif defined(__s390x__)
inline constexpr bool knows_system_calls = true;
inline constexpr std::uint32_t architecture = 0x80000016;
#else
inline constexpr bool knows_system_calls = false;
inline constexpr std::uint32_t architecture = 0;
#endif

/// The newest call, rseq_slice_yield of Linux 7.2. From 424 on all machines have the same numbers.
inline constexpr std::uint32_t newest_system_call = 471;

#if defined(__arm__)
inline constexpr CallRange private_system_calls{0xf0001, 0xf0006}; // cacheflush, set_tls
#else
inline constexpr CallRange private_system_calls{};
#endif

inline constexpr FilterMachine this_machine{architecture, newest_system_call, private_system_calls};

// Numbers that older headers lack.
inline constexpr std::uint32_t nr_clone3 = 435, nr_open_tree = 428,
                               nr_fspick = 433, // the six between
    nr_pidfd_getfd = 438, nr_mount_setattr = 442, nr_open_tree_attr = 467;

#if defined(__s390x__)
inline constexpr std::uint8_t clone_flags_argument = 1;
#else
inline constexpr std::uint8_t clone_flags_argument = 0;
#endif
/// CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET. NEWTIME is a part of clone's
/// signal number, and a flag of unshare alone.
inline constexpr std::uint32_t new_namespaces = 0x7e020000, new_time = 0x80;

/// More than all groups together have on any machine.
using GroupRules = CallRules<80>;

constexpr void add_call(GroupRules& rules, long number) {
    rules.add({static_cast<std::uint32_t>(number), static_cast<std::uint32_t>(number)});
}
template <class... Numbers>
constexpr void add_calls(GroupRules& rules, Numbers... numbers) {
    (detail::add_call(rules, numbers), ...);
}

constexpr void add_group(GroupRules& rules, system_calls group) {
    using answer = CallRule::answer;
    switch (group) {
    case system_calls::mount:
        detail::add_calls(rules, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot,
                          nr_mount_setattr, nr_open_tree_attr);
        rules.add({nr_open_tree, nr_fspick}); // move_mount, fsopen, fsconfig, fsmount
#ifdef SYS_umount
        detail::add_calls(rules, SYS_umount);
#endif
        break;
    case system_calls::module:
        detail::add_calls(rules, SYS_init_module, SYS_finit_module, SYS_delete_module);
        break;
    case system_calls::reboot:
        detail::add_calls(rules, SYS_reboot);
        break;
    case system_calls::swap:
        detail::add_calls(rules, SYS_swapon, SYS_swapoff);
        break;
    case system_calls::clock:
        detail::add_calls(rules, SYS_settimeofday, SYS_clock_settime, SYS_adjtimex,
                          SYS_clock_adjtime);
#ifdef SYS_stime
        detail::add_calls(rules, SYS_stime);
#endif
        if constexpr (sizeof(long) == 4)
            detail::add_calls(rules, 404, 405); // clock_settime64, clock_adjtime64
        break;
    case system_calls::keyring:
        detail::add_calls(rules, SYS_add_key, SYS_request_key, SYS_keyctl);
        break;
    case system_calls::ptrace:
        detail::add_calls(rules, SYS_ptrace, SYS_process_vm_readv, SYS_process_vm_writev, SYS_kcmp,
                          nr_pidfd_getfd);
        break;
    case system_calls::bpf:
        detail::add_calls(rules, SYS_bpf);
        break;
    case system_calls::perf:
        detail::add_calls(rules, SYS_perf_event_open);
        break;
    case system_calls::userfaultfd:
        detail::add_calls(rules, SYS_userfaultfd);
        break;
    case system_calls::kexec:
        detail::add_calls(rules, SYS_kexec_load);
#ifdef SYS_kexec_file_load
        detail::add_calls(rules, SYS_kexec_file_load);
#endif
        break;
    case system_calls::namespaces:
        detail::add_calls(rules, SYS_setns);
        // A filter cannot read clone3's flags. Where that is missing, libc takes clone.
        rules.add({nr_clone3, nr_clone3, answer::not_there});
        rules.add(
            {SYS_clone, SYS_clone, answer::refuse_flags, clone_flags_argument, new_namespaces});
        rules.add({SYS_unshare, SYS_unshare, answer::refuse_flags, 0, new_namespaces | new_time});
        break;
    }
}

/// The rules of the groups. A group that is named twice counts once.
template <system_calls... Groups>
constexpr auto rules_of() -> GroupRules {
    GroupRules rules;
    unsigned taken = 0;
    const system_calls groups[] = {Groups..., system_calls::namespaces};
    for (const system_calls group : groups) {
        const unsigned bit = 1U << static_cast<unsigned>(group);
        const bool is_named = ((group == Groups) || ...);
        if (is_named && (taken & bit) == 0)
            detail::add_group(rules, group);
        taken |= bit;
    }
    return rules;
}

/// Returns a call that fails with EPERM under these rules, whatever its arguments are.
constexpr auto first_refused(const GroupRules& rules) -> long {
    for (std::size_t i = 0; i != rules.count; ++i)
        if (rules.rules[i].outcome == CallRule::answer::refuse)
            return static_cast<long>(rules.rules[i].first);
    return -1;
}

} // namespace daemonizer::detail

#endif
