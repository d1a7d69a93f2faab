// SPDX-License-Identifier: BSL-1.0
// Sets of signals, without a call into libc.
#ifndef DAEMONIZER_DETAIL_SIGNAL_BITS_HPP
#define DAEMONIZER_DETAIL_SIGNAL_BITS_HPP

#include <climits>
#include <signal.h>

namespace daemonizer::detail {

// A launcher that waits may have given back what the dynamic linker needs to find sigismember(3).
// The kernel and every libc of Linux keep a set as an array of longs, signal 1 first.

constexpr int last_signal = 64; ///< the kernel's _NSIG
constexpr int bits_of_long = static_cast<int>(sizeof(unsigned long) * CHAR_BIT);

[[gnu::visibility("hidden")]] constexpr auto signal_bit(int signal) -> unsigned long {
    return 1UL << ((signal - 1) % bits_of_long);
}
[[gnu::visibility("hidden")]] inline auto has_signal(const sigset_t& set, int signal) -> bool {
    const auto* const words = reinterpret_cast<const unsigned long*>(&set);
    return (words[(signal - 1) / bits_of_long] & signal_bit(signal)) != 0;
}
[[gnu::visibility("hidden")]] inline void add_signal(sigset_t& set, int signal) {
    auto* const words = reinterpret_cast<unsigned long*>(&set);
    words[(signal - 1) / bits_of_long] |= signal_bit(signal);
}
[[gnu::visibility("hidden")]] inline auto only_signal(int signal) -> sigset_t {
    sigset_t set{};
    add_signal(set, signal);
    return set;
}

} // namespace daemonizer::detail

#endif
