// SPDX-License-Identifier: BSL-1.0
// How a call's failure is told: as the negative errno.
#ifndef DAEMONIZER_HOST_DETAIL_ANSWER_HPP
#define DAEMONIZER_HOST_DETAIL_ANSWER_HPP

#include <daemonizer/system/abi.hpp>

#include <cerrno>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

[[gnu::cold, gnu::noinline]] inline auto negative_errno() -> int { return -errno; }

/// Returns what libc has answered, or the negative errno. So nothing overwrites an error between
/// the call and its reader.
template <class Value>
auto answer(Value value) -> Value {
    return value < 0 ? static_cast<Value>(detail::negative_errno()) : value;
}

/// As answer(), of a call made by syscall(2) that answers an int.
inline auto int_answer(long value) -> int { return static_cast<int>(detail::answer(value)); }

/// Makes the call again as long as a signal interrupts it.
template <class Call> // inlined, or each call would pass a closure
[[gnu::always_inline]] inline auto again(Call call) -> decltype(call()) {
    for (;;) {
        const auto value = call();
        if (value >= 0)
            return value;
        if (const int code = detail::negative_errno(); code != -EINTR)
            return static_cast<decltype(call())>(code);
    }
}

} // namespace daemonizer::detail

#endif
