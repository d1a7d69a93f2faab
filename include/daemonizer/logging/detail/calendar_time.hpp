// SPDX-License-Identifier: BSL-1.0
// A time as people read it, without libc's locks and files.
#ifndef DAEMONIZER_LOGGING_DETAIL_CALENDAR_TIME_HPP
#define DAEMONIZER_LOGGING_DETAIL_CALENDAR_TIME_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

inline constexpr std::size_t calendar_time_size = sizeof "2026-11-26T00:00:00Z";

/// Writes `seconds` since 1970 as "2026-11-26T00:00:00Z" (ISO 8601, UTC), up to the year 9999.
/// localtime(3) would open files and take locks. Async-signal-safe.
constexpr auto calendar_time(long long seconds, char (&into)[calendar_time_size]) -> const char* {
    constexpr long long day_length = 86'400, last = 253'402'300'799;
    seconds = seconds < 0 ? 0 : seconds > last ? last : seconds;
    const auto second = static_cast<int>(seconds % day_length);
    // Days since 1 March of the year 0: a leap day is then the last of its year.
    const long long days = seconds / day_length + 719'468;
    const long long era = days / 146'097;
    const auto day_of_era = static_cast<int>(days % 146'097);
    const int year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const int from_march = (5 * day_of_year + 2) / 153;
    const int month = from_march < 10 ? from_march + 3 : from_march - 9;
    const int day = day_of_year - (153 * from_march + 2) / 5 + 1;
    const auto year = static_cast<int>(era * 400) + year_of_era + (month <= 2 ? 1 : 0);

    char* next = into;
    const auto put = [&next](int value, int width, char end) {
        for (int i = width; i-- != 0; value /= 10)
            next[i] = static_cast<char>('0' + value % 10);
        next += width;
        *next++ = end;
    };
    put(year, 4, '-');
    put(month, 2, '-');
    put(day, 2, 'T');
    put(second / 3600, 2, ':');
    put(second / 60 % 60, 2, ':');
    put(second % 60, 2, 'Z');
    *next = '\0';
    return into;
}

} // namespace daemonizer::detail

#endif
