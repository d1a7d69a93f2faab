// SPDX-License-Identifier: BSL-1.0
// When a daemon that has crashed is started again, and when no more.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_SCHEDULE_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_SCHEDULE_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Remembers the last `Attempts` restarts. All times are nanoseconds of one clock.
template <int Attempts, int Seconds>
class RestartSchedule {
public:
    static constexpr long long shortest = 100'000'000, longest = 10'000'000'000;

    /// Returns how long to wait after a crash at `now`, or -1 where there have been `Attempts`
    /// restarts within `Seconds`. The delay doubles with each of these.
    [[gnu::visibility("hidden")]] auto next(long long now) -> long long {
        const unsigned recent = count_since(now - Seconds * 1'000'000'000LL);
        if (recent == Attempts)
            return -1;
        long long delay = shortest;
        for (unsigned i = 0; i != recent && delay < longest; ++i)
            delay *= 2;
        delay = delay < longest ? delay : longest;
        times_[made_++ % Attempts] = now + delay;
        return delay;
    }

private:
    [[gnu::visibility("hidden")]] auto count_since(long long begin) const -> unsigned {
        unsigned count = 0;
        for (unsigned i = 0; i != Attempts && i != made_; ++i)
            count += times_[i] > begin ? 1 : 0;
        return count;
    }

    long long times_[unsigned{Attempts}]{};
    unsigned made_ = 0;
};

} // namespace daemonizer::detail

#endif
