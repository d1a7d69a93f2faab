// SPDX-License-Identifier: BSL-1.0
// The groups of system calls that DenySystemCalls takes away.
#ifndef DAEMONIZER_CONFINEMENT_SYSTEM_CALLS_HPP
#define DAEMONIZER_CONFINEMENT_SYSTEM_CALLS_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Groups of system calls that DenySystemCalls takes away. Hardly any daemon needs one of them.
/// mount, module, swap, clock and keyring are what systemd.exec(5) calls `@mount` and so on.
enum class system_calls {
    mount,       ///< mount(2) and umount(2), the newer calls for it, pivot_root, chroot
    module,      ///< kernel modules loaded and removed
    reboot,      ///< reboot(2)
    swap,        ///< swapon, swapoff
    clock,       ///< the system's clocks set; also adjtimex(2), even where it only asks
    keyring,     ///< the kernel's keys: add_key, request_key, keyctl
    ptrace,      ///< other processes' memory, registers and descriptors, and kcmp
    bpf,         ///< bpf(2)
    perf,        ///< perf_event_open(2)
    userfaultfd, ///< userfaultfd(2)
    kexec,       ///< another kernel started
    namespaces,  ///< namespaces made or entered. Other uses of clone(2) and unshare(2) still work
};

} // namespace daemonizer

#endif
