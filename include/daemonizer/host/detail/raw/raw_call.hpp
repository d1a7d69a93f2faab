// SPDX-License-Identifier: BSL-1.0
// What the system calls without libc have in common.
#ifndef DAEMONIZER_HOST_DETAIL_RAW_RAW_CALL_HPP
#define DAEMONIZER_HOST_DETAIL_RAW_RAW_CALL_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <cerrno>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct RawCall {
    static constexpr long size_of_mask = 8; // the kernel's

    [[gnu::visibility("hidden")]] static auto of(const void* address) -> long {
        return reinterpret_cast<long>(address);
    }

    /// Makes a call whose fifth argument may be null or is not looked at.
    [[gnu::visibility("hidden")]] static auto again(long call, long a, long b,
                                                    long c = detail::unset_register(),
                                                    long d = detail::unset_register()) -> long {
        long answer;
        do
            answer = detail::raw_call(call, a, b, c, d, 0);
        while (answer == -EINTR);
        return answer;
    }
};

} // namespace daemonizer::detail
#endif

#endif
