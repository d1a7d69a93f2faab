// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_SYSTEM_TEXT_HPP
#define DAEMONIZER_DETAIL_SYSTEM_TEXT_HPP

#include <cstring>

namespace daemonizer::detail {

// What the system calls an error or a signal, in English as the rest of a line. glibc 2.32 has
// these texts without the translation, whose locks and allocations have no place in a process that
// may share its memory, or have been forked in the middle of something. Async-signal-safe there.

[[gnu::cold]] inline auto error_text(int code) -> const char* {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
    const char* const text = strerrordesc_np(code);
    return text != nullptr ? text : "unknown error";
#else
    return std::strerror(code);
#endif
}

[[gnu::cold]] inline auto signal_text(int number) -> const char* {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
    const char* const text = sigdescr_np(number);
    return text != nullptr ? text : "real-time signal";
#else
    return strsignal(number);
#endif
}

} // namespace daemonizer::detail

#endif
