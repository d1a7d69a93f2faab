// SPDX-License-Identifier: BSL-1.0
// Turns the library's nanoseconds into the kernel's times.
#ifndef DAEMONIZER_SYSTEM_TIME_SPAN_HPP
#define DAEMONIZER_SYSTEM_TIME_SPAN_HPP

#include <daemonizer/system/abi.hpp>

#include <ctime>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A time span for ppoll(2) and its like: 0 where `nanoseconds` is negative, and the longest that
/// `Seconds` can hold where it is longer. A 32-bit time_t holds 68 years.
template <class Seconds = time_t>
[[gnu::visibility("hidden")]] constexpr auto timespec_of(long long nanoseconds) -> timespec {
    constexpr long long second = 1'000'000'000;
    constexpr auto longest = static_cast<Seconds>(~std::make_unsigned_t<Seconds>{} >> 1);
    if (nanoseconds <= 0)
        return {0, 0};
    const long long seconds = nanoseconds / second;
    return {static_cast<time_t>(seconds > longest ? longest : static_cast<Seconds>(seconds)),
            static_cast<long>(nanoseconds % second)};
}

template <class Duration>
auto nanoseconds_of(const Duration& duration) -> long long {
    using period = typename Duration::period;
    constexpr auto most = 9'000'000'000.0; // seconds, some 285 years: what 64 bits of ns hold
    const double seconds = static_cast<double>(duration.count()) *
                           static_cast<double>(period::num) / static_cast<double>(period::den);
    if (!(seconds > 0))
        return 0;
    return static_cast<long long>((seconds < most ? seconds : most) * 1e9);
}

/// The nanoseconds of a std::chrono::duration, or of a type that has the members of one: this
/// library does not include `<chrono>`. A time that is over is 0.
template <class Duration>
auto nanoseconds(const Duration& duration) -> long long {
    constexpr bool has_unit = requires {
        Duration::period::num;
        duration.count();
    };
    static_assert(has_unit,
                  "daemonizer: a time is a duration, such as std::chrono::seconds{5}: a number "
                  "alone has no unit");
    if constexpr (!has_unit)
        return 0;
    else
        return detail::nanoseconds_of(duration);
}

} // namespace daemonizer::detail

#endif
