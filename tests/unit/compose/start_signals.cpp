// SPDX-License-Identifier: BSL-1.0
// Which signals cancel a start, and which wake its launcher.
#include "catch.hpp"
#include "recording_host.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

auto watches(const detail::StartSignals& signals, int signal) -> bool {
    const sigset_t set = signals.watched();
    return sigismember(&set, signal) == 1;
}

} // namespace

TEST_CASE("a signal that turns out to be ignored wakes the launcher no more") {
    Record record;
    const RecordingHost host{&record};
    detail::StartSignals signals;
    REQUIRE(signals.begin(host, true) == 0);
    CHECK(watches(signals, SIGHUP));
    record.dispositions[SIGHUP].sa_handler = record.dispositions[SIGQUIT].sa_handler = SIG_IGN;
    record.pending = {SIGHUP};
    CHECK(signals.look(host) == 0);
    CHECK(signals.watches_less());
    CHECK_FALSE(watches(signals, SIGHUP));
    CHECK(watches(signals, SIGTERM));
    CHECK_FALSE(signals.watches_less()); // said once
    CHECK(signals.look(host) == 0);
    CHECK_FALSE(signals.watches_less()); // the same signal is no news
    record.pending = {SIGHUP, SIGQUIT};
    CHECK(signals.look(host) == 0);
    CHECK(signals.watches_less());
    CHECK_FALSE(watches(signals, SIGQUIT));
    record.pending = {SIGHUP, SIGTERM};
    CHECK(signals.look(host) == SIGTERM);
}

TEST_CASE("a handler that cannot be set beside the program's own signals fails the start") {
    const std::string call = GENERATE("disposition HUP", "handle INT");
    Record record;
    record.fail(call, 1, EIO);
    auto result = Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, KeepSignals{},
                             PidFile{"/run/x.pid"}}
                      .start();
    REQUIRE_FALSE(result);
    CHECK(record.failed == call);
    CHECK(result.error().step() == std::string{"signals"});
    CHECK(result.error().text() == std::string{"sigaction: Input/output error"});
    CHECK_FALSE(record.has_file("/run/x.pid"));
}

TEST_CASE("a signal whose disposition cannot be had cancels nothing") {
    Record record;
    const RecordingHost host{&record};
    detail::StartSignals signals;
    REQUIRE(signals.begin(host, true) == 0);
    record.pending = {SIGTERM};
    record.fail("disposition", 1, EIO);
    CHECK(signals.look(host) == 0);
}

TEST_CASE(
    "a step that may wait for long lets the program's handlers run as the default, and back") {
    Record record;
    const RecordingHost host{&record};
    const auto one = [](int) {};
    const auto other = [](int) { ::raise(0); };
    record.dispositions[SIGHUP].sa_handler = one;
    record.dispositions[SIGTERM].sa_handler = other;
    record.dispositions[SIGQUIT].sa_handler = SIG_IGN;
    detail::StartSignals signals;
    REQUIRE(signals.begin(host, true) == 0);
    record.calls.clear();
    const int result = signals.interruptibly(host, [&] {
        CHECK(record.dispositions[SIGHUP].sa_handler == SIG_DFL);
        CHECK(record.dispositions[SIGTERM].sa_handler == SIG_DFL);
        CHECK(record.dispositions[SIGQUIT].sa_handler == SIG_IGN);
        CHECK(record.calls.back() == "unblock HUP INT ALRM TERM");
        return 7;
    });
    CHECK(result == 7);
    CHECK(record.dispositions[SIGHUP].sa_handler == static_cast<void (*)(int)>(one));
    CHECK(record.dispositions[SIGTERM].sa_handler == static_cast<void (*)(int)>(other));
    // What is default already is not set.
    CHECK(std::count(record.calls.begin(), record.calls.end(), "default INT") == 0);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "block HUP INT ALRM TERM") == 1);
}
