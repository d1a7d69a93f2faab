// SPDX-License-Identifier: BSL-1.0
// What the compiler's options and the machine allow.
#ifndef DAEMONIZER_SYSTEM_TOOLCHAIN_BUILD_HPP
#define DAEMONIZER_SYSTEM_TOOLCHAIN_BUILD_HPP

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

#endif
