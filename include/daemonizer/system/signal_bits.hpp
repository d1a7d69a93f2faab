// SPDX-License-Identifier: BSL-1.0
// Sets of signals, without a call into libc.
#ifndef DAEMONIZER_SYSTEM_SIGNAL_BITS_HPP
#define DAEMONIZER_SYSTEM_SIGNAL_BITS_HPP

#include <daemonizer/system/abi.hpp>

#include <climits>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

// A launcher that waits may have given back what the dynamic linker needs to find sigismember(3).
// The kernel and every libc of Linux keep a set as an array of longs, signal 1 first.

/// Signal 1 is the lowest bit.
using SignalBits = unsigned long long;

template <class... Signals>
[[gnu::visibility("hidden")]] constexpr auto signal_bits(Signals... signals) -> SignalBits {
    return (0 | ... | (1ULL << (signals - 1)));
}

[[gnu::visibility("hidden")]] inline auto bits_of(const sigset_t& set) -> SignalBits {
    const auto* const words = reinterpret_cast<const unsigned long*>(&set);
    SignalBits bits = words[0];
    if constexpr (sizeof(unsigned long) < sizeof bits)
        bits |= SignalBits{words[1]} << (sizeof(unsigned long) * CHAR_BIT % 64);
    return bits;
}

[[gnu::visibility("hidden")]] inline auto set_of(SignalBits bits) -> sigset_t {
    sigset_t set{};
    auto* const words = reinterpret_cast<unsigned long*>(&set);
    words[0] = static_cast<unsigned long>(bits);
    if constexpr (sizeof(unsigned long) < sizeof bits)
        words[1] = static_cast<unsigned long>(bits >> (sizeof(unsigned long) * CHAR_BIT % 64));
    return set;
}

[[gnu::visibility("hidden")]] inline auto only_signal(int signal) -> sigset_t {
    return detail::set_of(detail::signal_bits(signal));
}

} // namespace daemonizer::detail

#endif
