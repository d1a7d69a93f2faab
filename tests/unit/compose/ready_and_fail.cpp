// SPDX-License-Identifier: BSL-1.0
// What the body says of its start, and who learns it.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

constexpr auto kind_of = [](const detail::Report& report) { return report.head.message; };
using enum messages::ReportHead::kind;

auto last_calls(const Record& record, std::ptrdiff_t count) {
    return std::vector<std::string>(record.calls.end() - count, record.calls.end());
}

} // namespace

TEST_CASE("ready when the body is entered, or when it says so") {
    Record plain, told;
    CHECK(recording::run(Daemonizer{RecordingHost{&plain}}, [&] {
              CHECK(plain.sent.size() == 1);
              return 3;
          }) == 3);
    CHECK(recording::run(Daemonizer{RecordingHost{&told}}, [&](auto& daemon) {
              CHECK(told.sent.empty());
              daemon.ready("with a status");
              daemon.ready(); // does nothing
              return 3;
          }) == 3);
    for (const auto* record : {&plain, &told}) {
        REQUIRE(record->sent.size() == 1);
        CHECK(kind_of(record->sent[0]) == ready);
    }
}

TEST_CASE("a body that returns before ready has failed, with its own status or 1") {
    const int status = GENERATE(0, 3);
    Record record;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}},
                         [&](auto&) { return status; }) == status);
    REQUIRE(record.sent.size() == 1);
    CHECK(kind_of(record.sent[0]) == failed);
    const auto& failure = record.sent[0].failure;
    CHECK(failure.exit_status() == (status == 0 ? 1 : status));
    CHECK(failure.step() == std::string{"daemon"});
    CHECK(failure.text() == "ended before it was ready: status " + std::to_string(status));
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("fail() before ready reaches the launcher, once") {
    Record record;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [](auto& daemon) {
              const int status = daemon.fail(3, "no configuration");
              daemon.ready(); // too late
              return status;
          }) == 3);
    REQUIRE(record.sent.size() == 1);
    CHECK(kind_of(record.sent[0]) == failed);
    CHECK(record.sent[0].failure.text() == std::string{"not ready: no configuration"});
    CHECK(record.sent[0].failure.exit_status() == 3);
    CHECK(record.written.empty());
}

TEST_CASE("what has c_str() is text that is used at once, also a temporary") {
    Record record;
    const std::string name = "clockd";
    const auto body = [&](auto& daemon) {
        daemon.ready(name + " serves");
        daemon.log(LOG_INFO, name + " logs");
        return daemon.fail(4, "no " + name);
    };
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, Syslog<"x">{}}, body) == 4);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "log clockd logs") == 1);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "log daemon: failed: no clockd") ==
          1);
}

TEST_CASE("fail() after ready is said on stderr, or to syslog") {
    Record record;
    const auto body = [](auto& daemon) {
        daemon.ready();
        return daemon.fail(4, "out of\nspace");
    };
    SECTION("stderr") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}}, body) == 4);
        CHECK(record.written[2] == messages::line("daemon: failed: out of?space"));
    }
    SECTION("syslog") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, Syslog<"x">{}}, body) == 4);
        CHECK(last_calls(record, 2) ==
              std::vector<std::string>{"log daemon: failed: out of?space", "close_log"});
        CHECK(record.written.empty());
    }
    CHECK(record.sent.size() == 1);
}

TEST_CASE("a failure that cannot reach the launcher is said where the daemon can") {
    Record record;
    record.fail("send", 2, EPIPE);
    CHECK(recording::run(Daemonizer{RecordingHost{&record}},
                         [](auto& daemon) { return daemon.fail(3, "no"); }) == 3);
    CHECK(record.written[2] == messages::line("daemon: not ready: no"));
}

TEST_CASE("a daemon whose launcher is gone undoes its start and leaves") {
    Record record;
    const char* reason = "the launcher is gone: Broken pipe";
    SECTION("before it could say that it is there") {
        record.fail("send", 1, EPIPE);
        reason = "the launcher is gone: Bad file descriptor";
    }
    SECTION("before it was told") { record.fail("send", 2, EPIPE); }
    SECTION("or is stopped, and a signal asks the daemon to end") {
        record.answers_at_once = false;
        record.pending = {GENERATE(SIGTERM, SIGINT, SIGQUIT)};
        reason = "the launcher is silent, and a signal came: Interrupted system call";
    }
    SECTION("before it had read that") { record.launcher_takes_ready = false; }
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}}, [](auto& daemon) {
              daemon.ready();
              FAIL("goes on");
          }) == 1);
    CHECK(record.written[2] == messages::line(std::string{"daemon: not ready, "} + reason));
    CHECK(last_calls(record, 3) == std::vector<std::string>{"unlink /x.pid", "close 3", "leave 1"});
}

TEST_CASE("a launcher that is silent for a while is waited for") {
    Record record;
    record.answers_at_once = false;
    record.answers_after = 4;
    record.pending = {SIGUSR1}; // which asks nobody to end
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [](auto& daemon) {
              daemon.ready();
              return 3;
          }) == 3);
    CHECK(record.written.empty());
}

TEST_CASE("a signal that the program handles does not end the watch over a launcher's silence") {
    Record record;
    record.answers_at_once = false;
    record.events = {recording::Interrupts{SIGUSR1}, recording::Interrupts{SIGTERM}};
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [](auto& daemon) {
              daemon.ready();
              FAIL("goes on");
          }) == 1);
    CHECK(record.written[2] ==
          messages::line("daemon: not ready, the launcher is silent, and a signal came: "
                         "Interrupted system call"));
}

TEST_CASE("log() sends one message") {
    Record record;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, Syslog{"ident"}}, [](auto& daemon) {
              daemon.ready();
              daemon.log(LOG_INFO, "100 %s");
          }) == 0);
    CHECK(last_calls(record, 2) == std::vector<std::string>{"log 100 %s", "close_log"});
    CHECK(std::count(record.calls.begin(), record.calls.end(), "open_log ident") == 1);
}

TEST_CASE("without a fork a body that returns 256 before ready has failed") {
    Record record;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}},
                         [](auto&) { return 256; }) == 1);
    CHECK(record.written[2] == messages::line("daemon: ended before it was ready: status 256"));
}

TEST_CASE("ready() and fail() of a worker report nothing, and say so") {
    Record record;
    std::string line;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, Syslog<"x">{}}, [&](auto& daemon) {
              const pid_t self = record.pid;
              record.pid = 4711;
              daemon.ready();
              daemon.fail(3, "no more work");
              CHECK(record.sent.empty());
              CHECK(last_calls(record, 2) ==
                    std::vector<std::string>{
                        "log daemon: ready: not reported, since a worker said it: pid 4711",
                        "log daemon: failed: no more work"});
              record.pid = self;
              daemon.ready();
              CHECK(record.sent.size() == 1);
              const auto lines = record.calls.size();
              record.pid = 4711;
              daemon.ready(); // late, and as harmless as a second one of the daemon's
              CHECK(record.calls.size() == lines);
              record.pid = self;
          }) == 0);
    CHECK(record.written.empty());
}

#if defined(__cpp_exceptions)
TEST_CASE("an exception before ready is a failure of the start") {
    Record record;
    std::string text;
    SECTION("of the standard library") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}},
                             [](auto&) { throw std::runtime_error{"no such host"}; }) == 1);
        text = "not ready: no such host";
    }
    SECTION("of any type") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [](auto&) { throw 7; }) == 1);
        text = "not ready: an exception of unknown type";
    }
    REQUIRE(record.sent.size() == 1);
    CHECK(record.sent[0].failure.text() == text);
    CHECK(record.sent[0].failure.exit_status() == 1);
}

TEST_CASE("an exception after ready is the program's own, once the start is undone") {
    Record record;
    const Daemonizer service{RecordingHost{&record}, PidFile<"/x.pid">{}};
    CHECK_THROWS_AS(recording::run(service, [] { throw std::runtime_error{"later"}; }),
                    std::runtime_error);
    CHECK(record.written[2] == messages::line("daemon: failed: later"));
    CHECK_FALSE(record.has_file("/x.pid"));
}
#endif
