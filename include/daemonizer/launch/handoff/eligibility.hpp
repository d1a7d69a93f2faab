// SPDX-License-Identifier: BSL-1.0
// Tells whether the launcher's memory may be handed over to the daemon.
#ifndef DAEMONIZER_LAUNCH_HANDOFF_ELIGIBILITY_HPP
#define DAEMONIZER_LAUNCH_HANDOFF_ELIGIBILITY_HPP

#include <daemonizer/launch/detail/instrumented.hpp>
#include <daemonizer/launch/detail/shadow_stack.hpp>
#include <daemonizer/launch/handoff/thread_registration.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/toolchain/valgrind.hpp>

#if DAEMONIZER_CAN_HAND_OVER
#include <sys/syscall.h>
#include <sys/utsname.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

// These tell whether memory can be handed over. Where one is not sure, the policy forks.

/// A core dump kills every process on the memory before Linux 5.16, and with the daemon the
/// launcher, which could say nothing more.
inline auto kernel_dumps_one_process() -> bool {
    utsname system{};
    if (detail::raw_call(SYS_uname, reinterpret_cast<long>(&system)) < 0)
        return false;
    // Not strtol(3), whose page nothing else in a start needs.
    const char* text = system.release;
    const auto next = [&text] {
        int number = 0;
        for (; *text >= '0' && *text <= '9' && number < 1000; ++text)
            number = number * 10 + (*text - '0');
        return number;
    };
    const int major = next();
    const int minor = *text == '.' ? (static_cast<void>(++text), next()) : 0;
    return major > 5 || (major == 5 && minor >= 16);
}

/// Changes nothing.
inline auto may_hand_over(ThreadRegistration& identity) -> bool {
    return launcher_is_there == 0 && !detail::has_shadow_stack() && !detail::is_instrumented() &&
           !detail::is_under_valgrind() && identity.look() && detail::kernel_dumps_one_process();
}

} // namespace daemonizer::detail
#endif

#endif
