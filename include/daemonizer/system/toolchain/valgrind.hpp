// SPDX-License-Identifier: BSL-1.0
// Whether valgrind runs this program.
#ifndef DAEMONIZER_SYSTEM_TOOLCHAIN_VALGRIND_HPP
#define DAEMONIZER_SYSTEM_TOOLCHAIN_VALGRIND_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Returns whether valgrind runs this program. Valgrind keeps the program in its own memory, which
/// /proc shows to the program, too, and it ends the program at a clone that it does not know.
///
/// The program asks by a client request (valgrind manual, "The Client Request mechanism"): a
/// sequence of instructions that changes nothing on a processor, and that valgrind understands. The
/// environment, where LD_PRELOAD shows valgrind too, may have been cleared by now. Where the
/// sequence of a machine is not known here the answer is no; there memory is neither handed over
/// nor given back. Async-signal-safe.
[[gnu::always_inline]] inline auto is_under_valgrind() -> bool {
    constexpr std::size_t running_on_valgrind = 0x1001;
    const volatile std::size_t request[6] = {running_on_valgrind, 0, 0, 0, 0, 0};
#if defined(__x86_64__) && defined(__LP64__)
    std::size_t answer = 0;
    asm volatile("rolq $3, %%rdi\n\t"
                 "rolq $13, %%rdi\n\t"
                 "rolq $61, %%rdi\n\t"
                 "rolq $51, %%rdi\n\t"
                 "xchgq %%rbx, %%rbx"
                 : "+d"(answer)
                 : "a"(&request)
                 : "cc", "memory");
#elif defined(__i386__)
    std::size_t answer = 0;
    asm volatile("roll $3, %%edi\n\t"
                 "roll $13, %%edi\n\t"
                 "roll $29, %%edi\n\t"
                 "roll $19, %%edi\n\t"
                 "xchgl %%ebx, %%ebx"
                 : "+d"(answer)
                 : "a"(&request)
                 : "cc", "memory");
#elif defined(__aarch64__) && defined(__LP64__)
    register std::size_t answer asm("x3") = 0;
    register const volatile void* place asm("x4") = &request;
    asm volatile("ror x12, x12, #3\n\t"
                 "ror x12, x12, #13\n\t"
                 "ror x12, x12, #51\n\t"
                 "ror x12, x12, #61\n\t"
                 "orr x10, x10, x10"
                 : "+r"(answer)
                 : "r"(place)
                 : "cc", "memory");
#elif defined(__riscv) && defined(__LP64__)
    register std::size_t answer asm("a3") = 0;
    register const volatile void* place asm("a4") = &request;
    asm volatile(".option push\n\t"
                 ".option norvc\n\t"
                 "srli zero, zero, 3\n\t"
                 "srli zero, zero, 13\n\t"
                 "srli zero, zero, 51\n\t"
                 "srli zero, zero, 61\n\t"
                 "or a0, a0, a0\n\t"
                 ".option pop"
                 : "+r"(answer)
                 : "r"(place)
                 : "memory");
#else
    constexpr std::size_t answer = 0;
    static_cast<void>(request);
#endif
    return answer != 0;
}

} // namespace daemonizer::detail

#endif
