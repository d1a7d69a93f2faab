// SPDX-License-Identifier: BSL-1.0
// start(), and the handle that it returns.
#include "catch.hpp"
#include "messages.hpp"

#include <type_traits>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

auto service(Record& record) {
    detail::pid_files_of_this_process = {};
    return Daemonizer{RecordingHost{&record}, PidFile{"/x.pid"}, LogStdio{"x.log"},
                      SignalFd<SIGTERM>{}};
}
using Handle = decltype(service(std::declval<Record&>()))::running_type;

auto count(const Record& record, const std::string& call) {
    return std::count(record.calls.begin(), record.calls.end(), call);
}

} // namespace

TEST_CASE("a handle is moved, never copied") {
    STATIC_REQUIRE(std::is_move_constructible_v<Handle>);
    STATIC_REQUIRE(std::is_move_assignable_v<Handle>);
    STATIC_REQUIRE_FALSE(std::is_copy_constructible_v<Handle>);
    STATIC_REQUIRE_FALSE(std::is_copy_assignable_v<Handle>);
}

TEST_CASE("a handle holds what steps acquired and no more") {
    using Plain =
        Daemonizer<NoFork, KeepStdio, KeepSignals, KeepUmask, KeepDirectory, KeepDescriptors>;
    STATIC_REQUIRE(sizeof(Plain::running_type) <= 3 * sizeof(int));
    STATIC_REQUIRE(sizeof(Daemonizer<SingleFork, KeepStdio>::running_type) <= 4 * sizeof(int));
    STATIC_REQUIRE(sizeof(Daemonizer<>::running_type) <= 8 * sizeof(int)); // fork 2, stdio 4
}

TEST_CASE("in the launcher start() returns once the daemon is ready") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready(), recording::Dies{101, CLD_EXITED, 0}};
    {
        auto result = service(record).start();
        REQUIRE(result);
        CHECK(result->is_launcher());
        CHECK(result->pid() == 102);
        result->ready(); // the daemon's to say: does nothing here
    }
    CHECK(record.has_file("/x.pid")); // handed over, not removed
    CHECK(count(record, "unlink /x.pid") == 0);
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
    CHECK(record.sent.size() == 1); // that ready was taken
    // As it was before: no subreaper, SIGCHLD and mask put back, the intermediate waited for, and
    // the mask is the last, when nothing is left that a signal could interrupt.
    const auto& calls = record.calls;
    const auto taken = std::find(calls.begin(), calls.end(), "send 4 taken");
    CHECK(std::vector<std::string>(taken, calls.end()) ==
          std::vector<std::string>{"send 4 taken", "wait 101", "close 4", "close 6",
                                   "subreaper off", "default CHLD", "wait any", "close 3",
                                   "close 5", "pending", "mask nothing"});
}

TEST_CASE("in the launcher of start() a status is no outcome") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102),
                     messages::bytes(detail::StatusReport{{messages::ReportHead::kind::status},
                                                          "loads its tables"}),
                     messages::ready()};
    CHECK(service(record).start());
    CHECK(record.written.empty());
}

TEST_CASE("in the launcher start() returns why a word of the daemon's is no outcome") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102),
                     messages::bytes(messages::ReportHead{messages::ReportHead::kind{7}})};
    auto result = service(record).start();
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"report"});
    CHECK(result.error().text() == std::string{"message from the daemon: cannot be understood"});
    CHECK(record.children.empty());
    CHECK_FALSE(record.has_file("/x.pid"));
}

TEST_CASE("the launcher of start() keeps nothing of what the daemon needs") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    record.files["/srv"] = {50, S_IFDIR, 2, 0};
    record.files["/etc/passwd"] = {51};
    record.files["/etc/group"] = {52};
    record.contents["/etc/passwd"] = "web:x:33:33:::\n";
    record.contents["/etc/group"] = "web:x:33:\n";
    record.open[9] = 90; // the supervisor's
    detail::pid_files_of_this_process = {};
    {
        auto result =
            Daemonizer{RecordingHost{&record}, Chroot{"/srv"},  RunAs<"web", "", UserFiles>{},
                       DescriptorNotify{9},    SystemdNotify{}, Watchdog{}}
                .start();
        REQUIRE(result);
        CHECK(result->is_launcher());
        CHECK(record.descriptors_above_stdio().empty());
        CHECK(record.mapped == 0);
    }
    CHECK(count(record, "open /srv") == 1);
    CHECK(count(record, "map") != 0);
    CHECK(count(record, "close 9") == 1); // without the newline, which is the daemon's
    CHECK(record.written.empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("in the launcher start() returns why there is no daemon") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102),
                     messages::failed(messages::failure("log", "/l", "no", EROFS, 3)),
                     recording::Dies{102, CLD_EXITED, 3}};
    auto result = service(record).start();
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"log"});
    CHECK(result.error().text() == std::string{"/l: no"});
    CHECK(result.error().code() == EROFS);
    CHECK(result.error().exit_status() == 3);
    CHECK(record.written.empty()); // it is the program's to say
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("in the daemon the handle gives back what the start acquired") {
    Record record;
    {
        auto result = service(record).start();
        REQUIRE(result);
        CHECK_FALSE(result->is_launcher());
        CHECK(result->pid() == 102);
        result->ready();
        CHECK(record.has_file("/x.pid"));
        CHECK(result->descriptor() > 2);
        CHECK(record.open.count(result->descriptor()) == 1);
    }
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
    CHECK(record.sent.size() == 1);
}

TEST_CASE("a handle that was moved from gives nothing back") {
    Record record;
    {
        auto result = service(record).start();
        REQUIRE(result);
        Handle second{std::move(*result)};
        CHECK(record.has_file("/x.pid"));
        second.ready();
        Record other;
        auto third = service(other).start();
        third->ready();
        *third = std::move(second); // what it held goes back now
        CHECK_FALSE(other.has_file("/x.pid"));
        CHECK(other.descriptors_above_stdio().empty());
        CHECK(record.has_file("/x.pid"));
        Handle& itself = *third;
        *third = std::move(itself);
        CHECK(record.has_file("/x.pid"));
    }
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(count(record, "unlink /x.pid") == 1);
    CHECK(record.mistakes.empty());
}

TEST_CASE("a handle that is destroyed before ready is a failed start") {
    Record record;
    { REQUIRE(service(record).start()); }
    REQUIRE(record.sent.size() == 1);
    CHECK(record.sent[0].failure.text() == std::string{"ended before it was ready: status 1"});
    CHECK(record.sent[0].failure.exit_status() == 1);
    CHECK_FALSE(record.has_file("/x.pid"));
}

TEST_CASE("without a fork start() returns an error, and nothing is said") {
    Record record;
    record.fail("dup2", 3, EIO);
    detail::pid_files_of_this_process = {};
    const Daemonizer in_place{RecordingHost{&record}, NoFork{}, PidFile{"/x.pid"},
                              LogStdio{"/x.log"}};
    auto result = in_place.start();
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"stdio"});
    CHECK(result.error().code() == EIO);
    CHECK(record.written.empty());
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("in the launcher start() obeys a signal that came before the daemon was told") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP, SIGUSR1);
    record.pending_at_receive = {2, signal};
    if (signal != SIGUSR1 && GENERATE(false, true)) // of the program's own
        record.dispositions[signal].sa_handler = [](int) {};
    auto result = service(record).start();
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"launcher"});
    CHECK(result.error().code() == EINTR);
    CHECK(result.error().exit_status() == 128 + signal);
    CHECK(record.children.empty());
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.pending.count(signal) == 1); // it acts now
    CHECK(record.calls.back() == "mask nothing");
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("in the launcher start() leaves the program its handlers' other signals") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    const int signal = GENERATE(SIGALRM, SIGUSR1, SIGWINCH);
    record.events = {messages::forked(102), recording::Interrupts{signal}, messages::ready()};
    record.dispositions[signal].sa_handler = [](int) {};
    CHECK(service(record).start());
    CHECK(record.pending.count(signal) == 1);
}

TEST_CASE("a signal that comes once the daemon was told is no contradiction") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    record.pending_after_taken = SIGINT;
    const bool handled = GENERATE(false, true);
    if (handled)
        record.dispositions[SIGINT].sa_handler = [](int) {};
    CHECK(service(record).start());
    CHECK(record.pending.count(SIGINT) == (handled ? 1 : 0)); // or it would end the launcher
}

TEST_CASE("start() puts back what it has changed, also where the program had children") {
    Record record;
    record.children = {{90, 0, 0, 90}};
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    record.is_subreaper = GENERATE(false, true);
    record.dispositions[SIGCHLD].sa_handler = [](int) {};
    const auto before = record.dispositions[SIGCHLD].sa_handler;
    CHECK(service(record).start());
    CHECK(record.dispositions[SIGCHLD].sa_handler == before);
    CHECK(count(record, "subreaper off") == (record.is_subreaper ? 0 : 1));
    CHECK(count(record, "signal 100 CHLD") == 1); // a word of its own child's may have been taken
    CHECK(record.children.size() == 2);           // its own, and the daemon
}

#if defined(__cpp_exceptions)
TEST_CASE("start_or_throw() returns the handle") {
    Record record;
    auto running = service(record).start_or_throw();
    CHECK_FALSE(running.is_launcher());
    CHECK(record.has_file("/x.pid"));
}

TEST_CASE("start_or_throw() throws the error") {
    Record record;
    record.fail("status /x.pid", 1, EACCES);
    try {
        (void)service(record).start_or_throw();
        FAIL("has not thrown");
    } catch (const StartError& error) {
        CHECK(error.what() == std::string{"/x.pid: Permission denied"});
        CHECK(error.failure().step() == std::string{"pid file"});
        CHECK(error.failure().code() == EACCES);
    }
}
#endif
