// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_STACK_SWITCH_HPP
#define DAEMONIZER_DETAIL_STACK_SWITCH_HPP

#include <daemonizer/detail/raw_call.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
namespace daemonizer::detail {

/// Where a stack was left, for whoever goes on with it. The frame that left it must still be there.
struct Resumption {
    void* address = nullptr;
    void* stack = nullptr;
    void* frame = nullptr;
};

/// Runs `entry(argument)`, which never returns, on the stack that ends at `top` (a multiple of 16).
/// Returns in the process that calls resume(), on the stack that was left here: all registers but
/// the stack's two are declared lost, so that the compiler keeps nothing in them.
[[gnu::noinline]] inline void leave_stack(Resumption& here, void* top, void (*entry)(void*),
                                          void* argument) {
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
#elif defined(__aarch64__)
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
#else
    register void* first asm("a0") = argument;
    register void* place asm("a1") = &here;
    register void* end asm("a2") = top;
    register void (*function)(void*) asm("a3") = entry;
    asm volatile("lla t0, 1f\n\t"
                 "sd t0, 0(a1)\n\t"
                 "sd sp, 8(a1)\n\t"
                 "sd s0, 16(a1)\n\t"
                 "mv sp, a2\n\t"
                 "li s0, 0\n\t"
                 "li ra, 0\n\t"
                 "jr a3\n"
                 "1:"
                 : "+r"(first), "+r"(place), "+r"(end), "+r"(function)
                 :
                 : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a4", "a5", "a6", "a7", "s1",
                   "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "ft0", "ft1",
                   "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9", "ft10", "ft11", "fa0",
                   "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs0", "fs1", "fs2", "fs3",
                   "fs4", "fs5", "fs6", "fs7", "fs8", "fs9", "fs10", "fs11", "memory");
#endif
}

/// Goes on where leave_stack() left, on that stack. What this one's frames hold is lost.
[[noreturn]] inline void resume(const Resumption& there) {
#if defined(__x86_64__)
    asm volatile("movq 8(%%rax), %%rsp\n\t"
                 "movq 16(%%rax), %%rbp\n\t"
                 "notrack jmpq *0(%%rax)"
                 :
                 : "a"(&there)
                 : "memory");
#elif defined(__aarch64__)
    register const void* place asm("x1") = &there;
    asm volatile("ldp x16, x4, [x1]\n\t"
                 "ldr x29, [x1, #16]\n\t"
                 "mov sp, x4\n\t"
                 "br x16"
                 :
                 : "r"(place)
                 : "x16", "x4", "memory");
#else
    register const void* place asm("a1") = &there;
    asm volatile("ld t0, 0(a1)\n\t"
                 "ld sp, 8(a1)\n\t"
                 "ld s0, 16(a1)\n\t"
                 "jr t0"
                 :
                 : "r"(place)
                 : "t0", "memory");
#endif
    __builtin_unreachable();
}

} // namespace daemonizer::detail
#endif

#endif
