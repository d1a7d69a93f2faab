// SPDX-License-Identifier: BSL-1.0
// Turns the library's nanoseconds into the kernel's times.
#ifndef DAEMONIZER_SYSTEM_TIME_SPAN_HPP
#define DAEMONIZER_SYSTEM_TIME_SPAN_HPP

#include <daemonizer/system/abi.hpp>

#include <ctime>
#include <limits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A time span for ppoll(2) and its like: 0 where `nanoseconds` is negative, and the longest that
/// `Seconds` can hold where it is longer. A 32-bit time_t holds 68 years.
template <class Seconds = time_t>
[[gnu::visibility("hidden")]] constexpr auto timespec_of(long long nanoseconds) -> timespec {
    constexpr long long second = 1'000'000'000;
    constexpr auto longest = std::numeric_limits<Seconds>::max();
    if (nanoseconds <= 0)
        return {0, 0};
    const long long seconds = nanoseconds / second;
    return {static_cast<time_t>(seconds > longest ? longest : static_cast<Seconds>(seconds)),
            static_cast<long>(nanoseconds % second)};
}

/// The parts of a time, from anything like std::chrono::duration, without its header.
template <class Duration>
auto nanoseconds(const Duration& duration) -> long long {
    using period = typename Duration::period;
    constexpr auto most = 9'000'000'000.0; // seconds, some 285 years: what 64 bits of ns hold
    const double seconds = static_cast<double>(duration.count()) *
                           static_cast<double>(period::num) / static_cast<double>(period::den);
    if (!(seconds > 0))
        return 0;
    return static_cast<long long>((seconds < most ? seconds : most) * 1e9);
}

} // namespace daemonizer::detail

#endif
