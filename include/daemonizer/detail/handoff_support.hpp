// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_HANDOFF_SUPPORT_HPP
#define DAEMONIZER_DETAIL_HANDOFF_SUPPORT_HPP

#include <daemonizer/detail/thread_identity.hpp>
#include <daemonizer/detail/valgrind.hpp>

#if DAEMONIZER_CAN_HAND_OVER
#include <cstdlib>
#include <sys/syscall.h>
#include <sys/utsname.h>

namespace daemonizer::detail {

// Where a memory can be handed over. Whoever is not sure forks.

/// A core dump kills every process on the memory before Linux 5.16, and with the daemon the
/// launcher, which could say nothing more.
inline auto kernel_dumps_one_process() -> bool {
    utsname system{};
    if (raw_call(SYS_uname, reinterpret_cast<long>(&system)) < 0)
        return false;
    char* end = nullptr;
    const long major = std::strtol(system.release, &end, 10);
    const long minor = *end == '.' ? std::strtol(end + 1, nullptr, 10) : 0;
    return major > 5 || (major == 5 && minor >= 16);
}

/// A second stack, of return addresses, which the kernel would not share.
inline auto has_shadow_stack() -> bool {
#if defined(__x86_64__)
    unsigned long pointer = 0;
    asm volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(pointer)); // rdsspq %rax; or a nop
    return pointer != 0;
#else
    constexpr long get_shadow_stack_status = 74; // PR_GET_SHADOW_STACK_STATUS, Linux 6.13
    unsigned long status = 0;
    return raw_call(SYS_prctl, get_shadow_stack_status, reinterpret_cast<long>(&status), 0, 0, 0) ==
               0 &&
           (status & 1) != 0;
#endif
}

/// Changes nothing.
inline auto can_hand_over(ThreadIdentity& identity) -> bool {
    return launcher_is_there == 0 && !has_shadow_stack() && !is_under_valgrind() &&
           identity.look() && kernel_dumps_one_process();
}

} // namespace daemonizer::detail
#endif

#endif
