// SPDX-License-Identifier: BSL-1.0
// Whether this thread has a second stack, of return addresses.
#ifndef DAEMONIZER_LAUNCH_DETAIL_SHADOW_STACK_HPP
#define DAEMONIZER_LAUNCH_DETAIL_SHADOW_STACK_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <sys/syscall.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The kernel would not share a shadow stack with a process on the same memory, and
/// /proc/self/maps shows it as memory like the program's own.
[[gnu::visibility("hidden")]] inline auto has_shadow_stack() -> bool {
#if defined(__x86_64__)
    unsigned long pointer = 0;
    asm volatile(".byte 0xf3, 0x48, 0x0f, 0x1e, 0xc8" : "+a"(pointer)); // rdsspq %rax; or a nop
    return pointer != 0;
#else
    constexpr long get_shadow_stack_status = 74; // PR_GET_SHADOW_STACK_STATUS, Linux 6.13
    unsigned long status = 0;
    return detail::raw_call(SYS_prctl, get_shadow_stack_status, reinterpret_cast<long>(&status), 0,
                            0, 0) == 0 &&
           (status & 1) != 0;
#endif
}

} // namespace daemonizer::detail
#endif

#endif
