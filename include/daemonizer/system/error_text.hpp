// SPDX-License-Identifier: BSL-1.0
// The text of an errno and the name of a signal, without allocation or locale.
#ifndef DAEMONIZER_SYSTEM_ERROR_TEXT_HPP
#define DAEMONIZER_SYSTEM_ERROR_TEXT_HPP

#include <daemonizer/system/abi.hpp>

#include <cstring>

#if !(defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32))
#include <clocale>
#include <locale.h>
#endif

namespace daemonizer::inline DAEMONIZER_ABI::detail {

// The system's words for an error or a signal, in English, as the rest of a line. glibc 2.32 has
// these texts without the translation, whose locks and allocations have no place in a process that
// may share its memory, or have been forked in the middle of something. Async-signal-safe there.

[[gnu::cold, gnu::visibility("hidden")]] inline auto error_text(int code) -> const char* {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
    const char* const text = strerrordesc_np(code);
    return text != nullptr ? text : "unknown error";
#else
    return std::strerror(code);
#endif
}

[[gnu::cold, gnu::visibility("hidden")]] inline auto signal_text(int number) -> const char* {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
    const char* const text = sigdescr_np(number);
    return text != nullptr ? text : "real-time signal";
#else
    return strsignal(number);
#endif
}

/// Whether these texts, and what it takes to find them, are constants of libc. Not where it looks
/// for a translation, which it does for any locale but the first.
[[gnu::visibility("hidden")]] inline auto texts_are_constant() -> bool {
#if defined(__GLIBC__) && (__GLIBC__ > 2 || __GLIBC_MINOR__ >= 32)
    return true;
#else
    const char* const locale = std::setlocale(LC_MESSAGES, nullptr);
    return ::uselocale(nullptr) == LC_GLOBAL_LOCALE && locale != nullptr &&
           std::strcmp(locale, "C") == 0;
#endif
}

} // namespace daemonizer::detail

#endif
