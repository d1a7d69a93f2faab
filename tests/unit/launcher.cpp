// SPDX-License-Identifier: BSL-1.0
// What the launcher makes of what it sees: its line and its status.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Dies, recording::Record, recording::RecordingHost;

namespace {

/// The launcher of a double fork: 101 is the intermediate, 102 the daemon.
auto launch(Record& record, auto... policies) -> int {
    record.forks = {101};
    record.children = {{102}};
    const Daemonizer service{RecordingHost{&record}, PidFile<"/x.pid">{}, policies...};
    const int status = recording::run(service, [] { return 0; });
    if (status != 0) {
        CHECK_FALSE(record.has_file("/x.pid"));
        CHECK(record.descriptors_above_stdio().size() == 1); // the report, which its exit closes
        CHECK(record.children.empty());
    }
    return status;
}

auto said(Record& record) -> std::string { return record.written[2]; }

auto signals_sent(const Record& record) {
    std::vector<std::string> sent;
    for (const auto& call : record.calls)
        if (call.rfind("signal ", 0) == 0 && call.find(" 0", 8) == std::string::npos)
            sent.push_back(call);
    return sent;
}

template <class Change>
auto malformed(Change change) -> recording::Arrives {
    detail::Report report{{messages::ReportHead::kind::failed, 0},
                          messages::failure("pid file", "/x", "taken", EEXIST, 3)};
    change(report);
    return messages::bytes(report);
}

} // namespace

TEST_CASE("ready ends the launcher with 0, silently") {
    Record record;
    record.events = {messages::forked(102), messages::ready()};
    CHECK(launch(record) == 0);
    CHECK(said(record).empty());
    CHECK(signals_sent(record).empty());
}

TEST_CASE("a reported failure is said in its own words, with its own status") {
    Record record;
    record.events = {messages::forked(102),
                     messages::failed(messages::failure("log", "/l", "Is a directory", EISDIR, 3)),
                     Dies{102, CLD_EXITED, 3}};
    CHECK(launch(record) == 3);
    CHECK(said(record) == messages::line("log: /l: Is a directory"));
}

TEST_CASE("the end of the daemon before ready") {
    Record record;
    record.events = {messages::forked(102)};
    SECTION("exit status") {
        record.events.push_back(Dies{102, CLD_EXITED, 7});
        CHECK(launch(record) == 7);
        CHECK(said(record) == messages::line("daemon: ended before it was ready: exit status 7"));
    }
    SECTION("exit status 0 is no success") {
        record.events.push_back(Dies{102, CLD_EXITED, 0});
        CHECK(launch(record) == 1);
        CHECK(said(record) == messages::line("daemon: ended before it was ready: exit status 0"));
    }
    SECTION("a signal") {
        record.events.push_back(Dies{102, CLD_KILLED, SIGKILL});
        CHECK(launch(record) == 128 + SIGKILL);
        CHECK(said(record) ==
              messages::line("daemon: killed before it was ready: Killed, signal 9"));
    }
    SECTION("a signal, with a core") {
        record.events.push_back(Dies{102, CLD_DUMPED, SIGSEGV});
        CHECK(launch(record) == 128 + SIGSEGV);
        CHECK(said(record) ==
              messages::line("daemon: killed before it was ready: Segmentation fault, signal 11"));
    }
    SECTION("seen as the closed report") {
        record.events.push_back(messages::closed());
        record.children = {{102, CLD_KILLED, SIGABRT}};
        record.forks = {101};
        const Daemonizer service{RecordingHost{&record}};
        CHECK(recording::run(service, [] {}) == 128 + SIGABRT);
    }
    SECTION("of a daemon that is no child of ours") {
        record.fail("is_subreaper", 1, EINVAL);
        record.events.push_back(messages::closed());
        record.forks = {101};
        const Daemonizer service{RecordingHost{&record}};
        CHECK(recording::run(service, [] {}) == 1);
        CHECK(said(record) ==
              messages::line("daemon: ended before it was ready: how is not known"));
    }
}

TEST_CASE("an intermediate that could not make a daemon") {
    Record record;
    record.events = {Dies{101, CLD_EXITED, 1}};
    record.children.clear();
    record.forks = {101};
    const Daemonizer service{RecordingHost{&record}};
    CHECK(recording::run(service, [] {}) == 1);
    CHECK(said(record) == messages::line("daemon: ended before it was ready: exit status 1"));
}

TEST_CASE("a message that was there before the death is heard") {
    Record record;
    record.events = {messages::forked(102), Dies{102, CLD_EXITED, 3},
                     messages::failed(messages::failure("log", "/l", "no", EIO, 3))};
    CHECK(launch(record) == 3);
    CHECK(said(record) == messages::line("log: /l: no"));
}

TEST_CASE("a daemon that is faster than its parent, which names it") {
    Record record;
    SECTION("ready") {
        record.events = {messages::ready(), messages::forked(102)};
        CHECK(launch(record) == 0);
        CHECK(record.events.empty()); // unread, it would reset the daemon's end
    }
    SECTION("failed") {
        record.events = {messages::failed(messages::failure("log", "/l", "no", EIO, 3)),
                         messages::forked(102)};
        CHECK(launch(record) == 3);
        CHECK(record.events.empty());
    }
    SECTION("dead, while a child of it holds the report open") {
        record.events = {Dies{102, CLD_KILLED, SIGKILL}, messages::forked(102)};
        CHECK(launch(record) == 128 + SIGKILL);
    }
}

TEST_CASE("a message that cannot be understood ends the daemon") {
    const auto message = GENERATE(
        recording::Arrives{"x"}, recording::Arrives{std::string(sizeof(detail::Report), '\xff')},
        recording::Arrives{messages::ready().message + "x"}, messages::forked(0),
        messages::forked(-7),
        messages::bytes(messages::ReportHead{messages::ReportHead::kind::failed, 0}));
    Record record;
    record.events = {messages::forked(102), message};
    CHECK(launch(record) == 1);
    CHECK(said(record) == messages::line("report: message from the daemon: cannot be understood"));
    CHECK(signals_sent(record) == std::vector<std::string>{"signal -101 TERM"});
}

TEST_CASE("a reported failure is made safe to read") {
    Record record;
    record.events = {messages::forked(102), malformed([](detail::Report& report) {
                         auto* bytes = reinterpret_cast<char*>(&report);
                         const std::string text{bytes, sizeof report};
                         std::memset(bytes + text.find("taken"), '\x1b', 400);
                         bytes[sizeof report - 1] = 'x'; // no terminator
                     })};
    CHECK(launch(record) == 3);
    CHECK(said(record).find('\x1b') == std::string::npos);
    CHECK(said(record).rfind(messages::line("pid file: /x: ????").substr(0, 20), 0) == 0);
    CHECK(said(record).back() == '\n');
}

TEST_CASE("StartTimeout ends the process group: TERM, then KILL") {
    Record record;
    record.events = {messages::forked(102)};
    const auto begun = record.time;
    std::vector<std::string> expected{"signal -101 TERM"};
    SECTION("it ends") {}
    SECTION("it ignores TERM") {
        record.ignores_terminate = true;
        expected.emplace_back("signal -101 KILL");
        expected.emplace_back("signal 102 KILL"); // it may have left the group
    }
    CHECK(launch(record, StartTimeout<5>{}) == 124);
    CHECK(said(record) == messages::line("start timeout: daemon: ended, since it was not ready "
                                         "after seconds: 5"));
    CHECK(signals_sent(record) == expected);
    CHECK(record.time - begun >= 5'000'000'000);
    CHECK(record.time - begun < 8'000'000'000);
}
