// SPDX-License-Identifier: BSL-1.0
// A system call without libc, which answers a negative errno.
#ifndef DAEMONIZER_SYSTEM_RAW_SYSCALL_HPP
#define DAEMONIZER_SYSTEM_RAW_SYSCALL_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/toolchain/build.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Returns what is in a register anyway, for an argument that a call does not have. It costs no
/// instruction.
[[gnu::always_inline]] inline auto unset_register() -> long {
    long whatever;
    asm volatile("" : "=r"(whatever));
    return whatever;
}

/// A system call without libc: no errno, no cancellation, no symbol to be looked up. Returns the
/// value or the negative errno. All arguments that the call has must be given, a null pointer too.
/// Source: syscall(2), "Architecture calling conventions".
[[gnu::always_inline]] inline auto raw_call(long number, long a = detail::unset_register(),
                                            long b = detail::unset_register(),
                                            long c = detail::unset_register(),
                                            long d = detail::unset_register(),
                                            long e = detail::unset_register()) -> long {
#if defined(__x86_64__)
    register long fourth asm("r10") = d;
    register long fifth asm("r8") = e;
    asm volatile("syscall"
                 : "+a"(number)
                 : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
                 : "rcx", "r11", "memory");
    return number;
#elif defined(__aarch64__)
    register long call asm("x8") = number;
    register long first asm("x0") = a;
    register long second asm("x1") = b;
    register long third asm("x2") = c;
    register long fourth asm("x3") = d;
    register long fifth asm("x4") = e;
    asm volatile("svc #0"
                 : "+r"(first)
                 : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                 : "memory", "cc");
    return first;
#else
    register long call asm("a7") = number;
    register long first asm("a0") = a;
    register long second asm("a1") = b;
    register long third asm("a2") = c;
    register long fourth asm("a3") = d;
    register long fifth asm("a4") = e;
    asm volatile("ecall"
                 : "+r"(first)
                 : "r"(call), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
                 : "memory");
    return first;
#endif
}

} // namespace daemonizer::detail
#endif

#endif
