// SPDX-License-Identifier: BSL-1.0
// When a monitor starts a daemon again, and when it gives up.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

using daemonizer::detail::RestartSchedule;

namespace {

constexpr long long second = 1'000'000'000;

} // namespace

TEST_CASE("the delay doubles from 0.1 s to 10 s, until there have been enough restarts") {
    RestartSchedule<9, 3600> schedule;
    long long now = 5 * second;
    std::string delays;
    for (long long delay; (delay = schedule.next(now)) >= 0; now += delay)
        delays += std::to_string(delay / 1'000'000) + ' ';
    CHECK(delays == "100 200 400 800 1600 3200 6400 10000 10000 ");
}

TEST_CASE("restarts that are longer ago count no more, for the delay and for the end") {
    RestartSchedule<2, 60> schedule;
    CHECK(schedule.next(100 * second) == second / 10);
    CHECK(schedule.next(159 * second) == second / 5);
    CHECK(schedule.next(160 * second) == -1);
    CHECK(schedule.next(161 * second) == second / 5); // that at 100.1 s is over
    CHECK(schedule.next(300 * second) == second / 10);
}

TEST_CASE("a clock that begins with 0 has had no restarts") {
    RestartSchedule<1, 60> schedule;
    CHECK(schedule.next(0) == second / 10);
    CHECK(schedule.next(1) == -1);
}
