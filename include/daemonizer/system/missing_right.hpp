// SPDX-License-Identifier: BSL-1.0
// Names the right that a refused system call needs.
#ifndef DAEMONIZER_SYSTEM_MISSING_RIGHT_HPP
#define DAEMONIZER_SYSTEM_MISSING_RIGHT_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>

#include <cerrno>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Fails the step with the system's reason for `code`, a negative errno; where that says that a
/// right lacks, `needs` names it: "CAP_SETUID". Always false.
template <class Start>
[[gnu::cold]] auto fail_lacking(const Start& start, const char* what, int code, const char* needs)
    -> bool {
    if (code != -EPERM && code != -EACCES)
        return start.fail(what, code);
    start.failure.describe(what, detail::error_text(-code), -code).text(", needs ").text(needs);
    return false;
}

} // namespace daemonizer::detail

#endif
