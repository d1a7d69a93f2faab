// SPDX-License-Identifier: BSL-1.0
// Moves the launcher to a stack of its own.
#ifndef DAEMONIZER_LAUNCH_HANDOFF_STACK_SWITCH_HPP
#define DAEMONIZER_LAUNCH_HANDOFF_STACK_SWITCH_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#include <cstddef> // for __GLIBC__

// DAEMONIZER_CAN_HAND_OVER: where the switch is written and has been seen on a kernel, with a libc
// whose way with its threads is known.
#if DAEMONIZER_HAS_RAW_CALLS && defined(__GLIBC__) && (defined(__x86_64__) || defined(__aarch64__))
#define DAEMONIZER_CAN_HAND_OVER 1
#else
#define DAEMONIZER_CAN_HAND_OVER 0
#endif

#if DAEMONIZER_CAN_HAND_OVER
namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The place where a process has left a stack, for the process that goes on with it. The frame that
/// left it must still be there.
struct Resumption {
    void* address = nullptr;
    void* stack = nullptr;
    void* frame = nullptr;
};

/// Runs `entry(argument)`, which never returns, on the stack that ends at `top` (a multiple of 16).
/// Returns in the process that calls resume(), on the stack that was left here: all registers but
/// the stack's two are declared lost, so that the compiler keeps nothing in them.
[[gnu::noinline, gnu::visibility("hidden")]] inline void
leave_stack(Resumption& here, void* top, void (*entry)(void*), void* argument) {
#if defined(__x86_64__)
    void* place = &here;
    asm volatile("leaq 1f(%%rip), %%rcx\n\t"
                 "movq %%rcx, 0(%%rax)\n\t"
                 "movq %%rsp, 8(%%rax)\n\t"
                 "movq %%rbp, 16(%%rax)\n\t"
                 "movq %%rsi, %%rsp\n\t"
                 "xorl %%ebp, %%ebp\n\t" // the last frame of a backtrace
                 "callq *%%rdx\n\t"
                 "ud2\n"
                 "1:"
                 : "+a"(place), "+S"(top), "+d"(entry), "+D"(argument)
                 :
                 : "rcx", "rbx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0",
                   "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                   "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "memory", "cc");
#else
    register void* first asm("x0") = argument;
    register void* place asm("x1") = &here;
    register void* end asm("x2") = top;
    register void (*function)(void*) asm("x16") = entry;
    asm volatile("adr x3, 1f\n\t"
                 "mov x4, sp\n\t"
                 "stp x3, x4, [x1]\n\t"
                 "str x29, [x1, #16]\n\t"
                 "mov sp, x2\n\t"
                 "mov x29, xzr\n\t"
                 "mov x30, xzr\n\t"
                 "br x16\n"
                 "1:\n\t"
                 "hint #36" // bti j
                 : "+r"(first), "+r"(place), "+r"(end), "+r"(function)
                 :
                 : "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14",
                   "x15", "x17", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27",
                   "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10",
                   "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21",
                   "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31", "memory",
                   "cc");
#endif
}

/// Goes on where leave_stack() left, on that stack. What this one's frames hold is lost. Inlined:
/// the stack that is left is small, and a call that is bound late takes kilobytes of it.
[[noreturn, gnu::always_inline]] inline void resume(const Resumption& there) {
#if defined(__x86_64__)
    asm volatile("movq 8(%%rax), %%rsp\n\t"
                 "movq 16(%%rax), %%rbp\n\t"
                 "notrack jmpq *0(%%rax)"
                 :
                 : "a"(&there)
                 : "memory");
#else
    register const void* place asm("x1") = &there;
    asm volatile("ldp x16, x4, [x1]\n\t"
                 "ldr x29, [x1, #16]\n\t"
                 "mov sp, x4\n\t"
                 "br x16"
                 :
                 : "r"(place)
                 : "x16", "x4", "memory");
#endif
    __builtin_unreachable();
}

} // namespace daemonizer::detail
#endif

#endif
