// SPDX-License-Identifier: BSL-1.0
// wait() and wait_for(), of both policies that collect signals.
#include "catch.hpp"
#include "recording_host.hpp"

#include <chrono>
#include <cstdint>
#include <limits>
#include <ratio>

using namespace daemonizer;
using namespace std::chrono_literals;
using detail::nanoseconds;
using recording::Interrupts, recording::Record, recording::RecordingHost;

namespace {

template <class Signals>
auto started(Record& record) {
    return Daemonizer{RecordingHost{&record}, NoFork{}, Signals{}, KeepStdio{}}.start();
}

constexpr long long longest = 9'000'000'000'000'000'000; // some 285 years

} // namespace

TEST_CASE("a time in nanoseconds") {
    CHECK(nanoseconds(0s) == 0);
    CHECK(nanoseconds(1ns) == 1);
    CHECK(nanoseconds(1500ms) == 1'500'000'000);
    CHECK(nanoseconds(2h) == 7'200'000'000'000);
    CHECK(nanoseconds(std::chrono::duration<double>{0.25}) == 250'000'000);
    CHECK(nanoseconds(std::chrono::duration<float, std::milli>{0.5F}) == 500'000);
}

TEST_CASE("a time that is over, or no time at all, is 0") {
    CHECK(nanoseconds(-1ns) == 0);
    CHECK(nanoseconds(-5h) == 0);
    CHECK(nanoseconds(std::chrono::seconds::min()) == 0);
    CHECK(nanoseconds(std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()}) ==
          0);
    CHECK(nanoseconds(std::chrono::duration<double>{-std::numeric_limits<double>::infinity()}) ==
          0);
}

TEST_CASE("a time that is too long for 64 bits is very long, and not over") {
    CHECK(nanoseconds(std::chrono::hours::max()) == longest);
    CHECK(nanoseconds(std::chrono::seconds::max()) == longest);
    CHECK(nanoseconds(std::chrono::nanoseconds::max()) == longest);
    CHECK(nanoseconds(std::chrono::duration<unsigned long long>::max()) == longest);
    CHECK(nanoseconds(std::chrono::duration<double>{std::numeric_limits<double>::infinity()}) ==
          longest);
}

TEST_CASE("a time for the kernel holds what its seconds can hold") {
    const auto is = [](const timespec& time, long long seconds, long nanoseconds) {
        return time.tv_sec == seconds && time.tv_nsec == nanoseconds;
    };
    using detail::timespec_of;
    CHECK(is(timespec_of(-1), 0, 0));
    CHECK(is(timespec_of(0), 0, 0));
    CHECK(is(timespec_of(1), 0, 1));
    CHECK(is(timespec_of(3'000'000'002), 3, 2));
    CHECK(is(timespec_of<std::int64_t>(longest), 9'000'000'000, 0));
    CHECK(is(timespec_of<std::int32_t>(longest), 2'147'483'647, 0));
    CHECK(is(timespec_of<std::int32_t>(2'147'483'647'000'000'001), 2'147'483'647, 1));
    CHECK(is(timespec_of<std::int32_t>(2'147'483'648'000'000'000), 2'147'483'647, 0));
}

TEST_CASE("SignalFd: signals in the order in which the kernel yields them") {
    Record record;
    record.signals = {SIGHUP, SIGTERM};
    auto daemon = started<SignalFd<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    CHECK(daemon->wait() == SIGHUP);
    CHECK(daemon->wait_for(1s) == SIGTERM);
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(daemon->wait_for(-1s) == 0);
}

TEST_CASE("SignalFd: an error is no signal") {
    Record record;
    auto daemon = started<SignalFd<SIGTERM>>(record);
    REQUIRE(daemon);
    record.fail("read", 1, EBADF);
    CHECK(daemon->wait() == -EBADF);
    record.fail("poll", 1, EINVAL);
    CHECK(daemon->wait_for(1s) == -EINVAL);
}

TEST_CASE("SignalFlag: each signal once, the first named first") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP, SIGUSR1>>(record);
    REQUIRE(daemon);
    for (const int signal : {SIGUSR1, SIGHUP, SIGHUP})
        record.dispositions[signal].sa_handler(signal);
    CHECK(daemon->wait() == SIGHUP);
    CHECK(daemon->wait() == SIGUSR1);
    record.events = {Interrupts{SIGTERM}};
    CHECK(daemon->wait() == SIGTERM);
    CHECK(daemon->wait_for(1s) == 0);
}

TEST_CASE("SignalFlag: the signals are blocked but for the sleep, and then as before") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.calls.clear();
    record.events = {Interrupts{SIGHUP}};
    CHECK(daemon->wait() == SIGHUP);
    CHECK(record.calls == std::vector<std::string>{"block HUP TERM", "sleep", "mask nothing"});
}

TEST_CASE("SignalFlag: a signal that is not collected does not shorten the time") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM>>(record);
    REQUIRE(daemon);
    struct sigaction handler {};
    handler.sa_handler = [](int) {};
    record.dispositions[SIGUSR2] = handler;
    record.events = {Interrupts{SIGUSR2}, Interrupts{SIGUSR2}};
    const auto begun = record.time;
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(record.time - begun >= 1'000'000'000);

    record.events = {Interrupts{SIGUSR2}, Interrupts{SIGTERM}};
    CHECK(daemon->wait_for(std::chrono::hours::max()) == SIGTERM);
}

TEST_CASE("every disposition but those of KILL and STOP is reset, the collected ones too") {
    Record record;
    auto daemon = started<SignalFd<SIGTERM>>(record);
    REQUIRE(daemon);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        const bool can_be_set = signal != SIGKILL && signal != SIGSTOP;
        const bool is_of_libc = signal > 31 && signal < SIGRTMIN;
        CAPTURE(signal);
        CHECK(record.dispositions.count(signal) == (can_be_set && !is_of_libc));
    }
}

TEST_CASE("signals are ignored after all are reset") {
    Record record;
    auto daemon = Daemonizer{
        RecordingHost{&record}, NoFork{}, IgnoreSignals<SIGPIPE, SIGCHLD>{},
        KeepStdio{}}.start();
    REQUIRE(daemon);
    CHECK(record.dispositions[SIGPIPE].sa_handler == SIG_IGN);
    CHECK(record.dispositions[SIGCHLD].sa_handler == SIG_IGN);
    CHECK(record.dispositions[SIGTERM].sa_handler == SIG_DFL);
}
