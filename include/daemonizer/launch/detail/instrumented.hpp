// SPDX-License-Identifier: BSL-1.0
// Whether a compiler has put calls or counters of its own between the statements of this program.
#ifndef DAEMONIZER_LAUNCH_DETAIL_INSTRUMENTED_HPP
#define DAEMONIZER_LAUNCH_DETAIL_INSTRUMENTED_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <initializer_list>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Names that only such a runtime has: the address is null in a program without it. The variables
/// here have other names, so that no declaration of a runtime's own header is contradicted.
namespace runtime {
[[gnu::weak]] extern const char gcov __asm__("__gcov_init"); // --coverage, -fprofile-generate
[[gnu::weak]] extern const char llvm_gcov __asm__("llvm_gcov_init");
[[gnu::weak]] extern const char llvm_profile __asm__("__llvm_profile_runtime");
[[gnu::weak]] extern const char gprof __asm__("__gmon_start__"); // -pg
[[gnu::weak]] extern const char xray __asm__("__xray_init");
[[gnu::weak]] extern const char trace_pc __asm__("__sanitizer_cov_trace_pc");
[[gnu::weak]] extern const char split_stack __asm__("__morestack"); // -fsplit-stack
// A sanitizer of the program that has loaded us, who were compiled without.
[[gnu::weak]] extern const char asan __asm__("__asan_init");
[[gnu::weak]] extern const char hwasan __asm__("__hwasan_init");
[[gnu::weak]] extern const char msan __asm__("__msan_init");
[[gnu::weak]] extern const char tsan __asm__("__tsan_init");
} // namespace runtime

[[gnu::always_inline]] inline auto number_of(const char* address) -> unsigned long {
    return reinterpret_cast<unsigned long>(address);
}

/// Whether a function of -finstrument-functions does nothing: libc defines both, as a mere return.
/// The address is taken from where the dynamic linker has put it, since a program that is linked to
/// a fixed address would name a stub of its own.
[[gnu::always_inline]] inline auto does_nothing(void (*function)(void*, void*)) -> bool {
    if (function == nullptr)
        return true;
    const auto* code = reinterpret_cast<const unsigned char*>(function);
#if defined(__x86_64__)
    if (code[0] == 0xf3 && code[1] == 0x0f && code[2] == 0x1e && code[3] == 0xfa) // endbr64
        code += 4;
    return code[0] == 0xc3; // ret
#elif defined(__aarch64__)
    const auto is = [&code](unsigned instruction) {
        return code[0] == (instruction & 0xff) && code[1] == (instruction >> 8 & 0xff) &&
               code[2] == (instruction >> 16 & 0xff) && code[3] == instruction >> 24;
    };
    if (is(0xd503245f)) // bti c
        code += 4;
    return is(0xd65f03c0); // ret
#else
    return (code[0] == 0x82 && code[1] == 0x80) || // ret, of two bytes or of four
           (code[0] == 0x67 && code[1] == 0x80 && code[2] == 0 && code[3] == 0);
#endif
}

#if defined(__x86_64__)
#define DAEMONIZER_ADDRESS_OF_HOOK(hook, name)                                                     \
    asm(".weak " name "\n\tmovq " name "@GOTPCREL(%%rip), %0" : "=r"(hook))
#elif defined(__aarch64__)
#define DAEMONIZER_ADDRESS_OF_HOOK(hook, name)                                                     \
    asm(".weak " name "\n\tadrp %0, :got:" name "\n\tldr %0, [%0, :got_lo12:" name "]" : "=r"(hook))
#else
#define DAEMONIZER_ADDRESS_OF_HOOK(hook, name)                                                     \
    asm(".weak " name "\n1:\tauipc %0, %%got_pcrel_hi(" name ")\n\tld %0, %%pcrel_lo(1b)(%0)"      \
        : "=r"(hook))
#endif

/// Such code uses memory that nobody here knows of: tables, counters, shadows. A launcher that runs
/// it must keep all of its memory, and must not run on the daemon's. True where that is not known
/// not to be so.
[[gnu::always_inline]] inline auto is_instrumented() -> bool {
    if (((detail::number_of(&runtime::gcov) | detail::number_of(&runtime::llvm_gcov) |
          detail::number_of(&runtime::llvm_profile) | detail::number_of(&runtime::gprof) |
          detail::number_of(&runtime::xray) | detail::number_of(&runtime::trace_pc) |
          detail::number_of(&runtime::split_stack) | detail::number_of(&runtime::asan) |
          detail::number_of(&runtime::hwasan) | detail::number_of(&runtime::msan) |
          detail::number_of(&runtime::tsan))) != 0)
        return true;
    void (*enter)(void*, void*);
    void (*exit)(void*, void*);
    DAEMONIZER_ADDRESS_OF_HOOK(enter, "__cyg_profile_func_enter");
    DAEMONIZER_ADDRESS_OF_HOOK(exit, "__cyg_profile_func_exit");
    void (*const hooks[])(void*, void*) = {enter, exit};
    for (const auto hook : hooks)
        if (!detail::does_nothing(hook))
            return true;
    return false;
}
#undef DAEMONIZER_ADDRESS_OF_HOOK

} // namespace daemonizer::detail
#endif

#endif
