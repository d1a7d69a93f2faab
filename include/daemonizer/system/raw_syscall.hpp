// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_SYSTEM_RAW_SYSCALL_HPP
#define DAEMONIZER_SYSTEM_RAW_SYSCALL_HPP

// DAEMONIZER_MAY_SHARE_MEMORY: two processes may run on one memory (vfork(2), CLONE_VM), and a
// launcher may give memory back. Some sanitizers and hardenings keep books, tags or second stacks
// beside the memory, which both would spoil. GCC defines a macro for each of them that has a
// runtime with such books, clang tells all by __has_feature. The undefined-behaviour and leak
// sanitizers, CFI and the like keep none.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_HWADDRESS__) ||                            \
    defined(__SANITIZE_THREAD__) || defined(__SANITIZE_TYPE__)
#define DAEMONIZER_MAY_SHARE_MEMORY 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(hwaddress_sanitizer) ||                      \
    __has_feature(memory_sanitizer) || __has_feature(thread_sanitizer) ||                          \
    __has_feature(dataflow_sanitizer) || __has_feature(type_sanitizer) ||                          \
    __has_feature(numerical_stability_sanitizer) || __has_feature(memtag_sanitizer) ||             \
    __has_feature(memtag_stack) || __has_feature(memtag_heap) || __has_feature(memtag_globals) ||  \
    __has_feature(realtime_sanitizer) || __has_feature(coverage_sanitizer) ||                      \
    __has_feature(safe_stack) || __has_feature(shadow_call_stack)
#define DAEMONIZER_MAY_SHARE_MEMORY 0
#endif
#endif
#if !defined(DAEMONIZER_MAY_SHARE_MEMORY)
#define DAEMONIZER_MAY_SHARE_MEMORY 1
#endif

// DAEMONIZER_HAS_RAW_CALLS: raw_call() is known for this machine.
#if defined(__linux__) && defined(__LP64__) &&                                                     \
    (defined(__x86_64__) || defined(__aarch64__) || defined(__riscv))
#define DAEMONIZER_HAS_RAW_CALLS 1
#else
#define DAEMONIZER_HAS_RAW_CALLS 0
#endif

#if DAEMONIZER_HAS_RAW_CALLS
namespace daemonizer::detail {

/// What is in a register anyway, for an argument that a call does not have: costs no instruction.
[[gnu::always_inline]] inline auto no_argument() -> long {
    long whatever;
    asm volatile("" : "=r"(whatever));
    return whatever;
}

/// A system call without libc: no errno, no cancellation, no symbol to be looked up. Returns the
/// value or the negative errno. All arguments that the call has must be given, a null pointer too.
/// Source: syscall(2), "Architecture calling conventions".
[[gnu::always_inline]] inline auto raw_call(long number, long a = detail::no_argument(),
                                            long b = detail::no_argument(),
                                            long c = detail::no_argument(),
                                            long d = detail::no_argument(),
                                            long e = detail::no_argument()) -> long {
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
