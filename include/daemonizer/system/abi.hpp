// SPDX-License-Identifier: BSL-1.0
// The inline namespace that keeps apart what was compiled in different ways.
#ifndef DAEMONIZER_SYSTEM_ABI_HPP
#define DAEMONIZER_SYSTEM_ABI_HPP

#include <daemonizer/system/toolchain/build.hpp>

// A program may be made of translation units with other sizes of off_t, with and without exceptions
// or sanitizers. The same function is another one in each of them, and so must have another name:
// the linker would keep one of them for all. To users the namespace is not there.

#if defined(__LP64__) || (defined(_FILE_OFFSET_BITS) && _FILE_OFFSET_BITS == 64)
#define DAEMONIZER_ABI_FILES files64
#else
#define DAEMONIZER_ABI_FILES files32
#endif
#if defined(_TIME_BITS) && _TIME_BITS == 64 && !defined(__LP64__)
#define DAEMONIZER_ABI_TIMES _times64
#else
#define DAEMONIZER_ABI_TIMES
#endif
#if defined(__cpp_exceptions)
#define DAEMONIZER_ABI_EXCEPTIONS _throws
#else
#define DAEMONIZER_ABI_EXCEPTIONS
#endif
#if DAEMONIZER_MAY_SHARE_MEMORY
#define DAEMONIZER_ABI_MEMORY
#else
#define DAEMONIZER_ABI_MEMORY _instrumented
#endif

#define DAEMONIZER_ABI_JOIN_NAMES(a, b, c, d) a##b##c##d
#define DAEMONIZER_ABI_JOIN(a, b, c, d) DAEMONIZER_ABI_JOIN_NAMES(a, b, c, d)
#define DAEMONIZER_ABI                                                                             \
    DAEMONIZER_ABI_JOIN(DAEMONIZER_ABI_FILES, DAEMONIZER_ABI_TIMES, DAEMONIZER_ABI_EXCEPTIONS,     \
                        DAEMONIZER_ABI_MEMORY)

#endif
