// SPDX-License-Identifier: BSL-1.0
// Every call of typical compositions, in order, in each of the processes of a start.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;
using Calls = std::vector<std::string>;

namespace {

auto operator+(Calls before, const Calls& after) -> Calls {
    before.insert(before.end(), after.begin(), after.end());
    return before;
}

const Calls signals_held_back{"mask all"}; // before anything that would have to be undone
const Calls pid_file_locked{"status /run/x.pid",
                            "open /run/x.pid.new",
                            "status 3",
                            "lock 3 OFD bytes 0 to 1",
                            "status /run/x.pid.new",
                            "status /run/x.pid",
                            "truncate 3",
                            "rename_to_new /run/x.pid.new /run/x.pid"};
const Calls daemon_named{"unlock 3 OFD byte 1", "lock 3 POSIX byte 1", "chmod 3 0600"};
auto forked_from_launcher(const std::string& report) -> Calls {
    return {"flush",        "socket_pair", "ask_for_senders " + report, "wait any", "default CHLD",
            "subreaper on", "fork"};
}
const Calls watches{"signalfd HUP INT QUIT ALRM TERM CHLD"};
const Calls pid_file_removed{"status 3", "status /run/x.pid", "unlink /run/x.pid", "close 3"};

auto clockd(Record& record) {
    return Daemonizer{RecordingHost{&record}, LogStdio<"/log">{}, PidFile<"/run/x.pid", 0600>{},
                      SignalFd<SIGTERM, SIGHUP>{}};
}

} // namespace

TEST_CASE("what the daemon calls") {
    Record record;
    record.signals = {SIGHUP, SIGTERM};
    const int status = recording::run(clockd(record), [&](auto& daemon) {
        record.calls.push_back("the body");
        daemon.ready();
        int signals = 1;
        while (daemon.wait() != SIGTERM)
            ++signals;
        return signals;
    });
    CHECK(status == 2);
    CHECK(record.calls ==
          signals_held_back + pid_file_locked + forked_from_launcher("4") +
              Calls{"close 4", "setsid", "fork", "send 5 forked", "umask 022", "chdir /",
                    "file_size_limit", "write_at 3 102", "at_exit", "default HUP", "handle INT",
                    "default 3 to 64", "mask HUP TERM", "signalfd HUP TERM",
                    // the pid file, the signals' and the report's descriptors are spared
                    "disconnect_log", "close_range 6 end", "open /dev/null", "open /log",
                    "status 7", "set_flags 7 append"} +
              daemon_named +
              Calls{"dup2 6 0", "dup2 7 1", "dup2 7 2", "close 6", "close 7",
                    "get_lock 3 OFD byte 1", "the body", "send 5 ready", "poll 5", "receive 5",
                    "close 5", "read 4", "read 4", "close 4"} +
              pid_file_removed);
    CHECK(record.mistakes.empty());
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("what the intermediate calls") {
    Record record;
    record.forks = {0, 102};
    CHECK(recording::run(clockd(record), [] { return 0; }) == 0);
    CHECK(record.calls == signals_held_back + pid_file_locked + forked_from_launcher("4") +
                              Calls{"close 4", "setsid", "fork", "leave_at_once 0"});
    CHECK(record.sent.empty());
}

TEST_CASE("what the launcher calls") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    CHECK(recording::run(clockd(record), [] { return 0; }) == 0);
    CHECK(record.calls == signals_held_back + pid_file_locked + forked_from_launcher("4") +
                              Calls{"close 5"} + watches +
                              Calls{"poll 4", "receive 4", "poll 4", "receive 4", "wait 102",
                                    "pending", "send 4 taken", "leave_at_once 0"});
    CHECK(record.has_file("/run/x.pid"));
    CHECK(record.written.empty());
}

TEST_CASE("a daemon that is the launcher's own child need not be named") {
    Record record;
    record.forks = {101};
    record.events = {messages::by(101, messages::ready())};
    const Daemonizer single{RecordingHost{&record}, SingleFork{}};
    CHECK(recording::run(single, [] { return 0; }) == 0);
    CHECK(record.calls == signals_held_back + forked_from_launcher("3") + Calls{"close 4"} +
                              watches +
                              Calls{"poll 3", "receive 3", "wait 101", "pending", "send 3 taken",
                                    "leave_at_once 0"});
}

TEST_CASE("the defaults") {
    Record record;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 0);
    CHECK(record.calls == signals_held_back + forked_from_launcher("3") + Calls{"close 3",
                                                                                "setsid",
                                                                                "fork",
                                                                                "send 4 forked",
                                                                                "umask 022",
                                                                                "chdir /",
                                                                                "default 1 to 64",
                                                                                "mask nothing",
                                                                                "disconnect_log",
                                                                                "close_range 3 3",
                                                                                "close_range 5 end",
                                                                                "open /dev/null",
                                                                                "dup2 3 0",
                                                                                "dup2 3 1",
                                                                                "dup2 3 2",
                                                                                "close 3",
                                                                                "send 4 ready",
                                                                                "poll 4",
                                                                                "receive 4",
                                                                                "close 4"});
}

TEST_CASE("signals that are kept are put back as the launcher had them") {
    Record record;
    const Daemonizer keeps{RecordingHost{&record}, SingleFork{}, KeepStdio{},
                           KeepSignals{},          KeepUmask{},  KeepDescriptors{},
                           KeepDirectory{}};
    CHECK(recording::run(keeps, [] {}) == 0);
    CHECK(record.calls == signals_held_back + forked_from_launcher("3") +
                              Calls{"close 3", "setsid", "default CHLD", "mask nothing",
                                    "send 4 ready", "poll 4", "receive 4", "close 4"});
}

TEST_CASE("a daemon that keeps its signals has the program's handlers") {
    Record record;
    record.dispositions[SIGCHLD].sa_handler = [](int) {};
    record.dispositions[SIGINT].sa_handler = [](int) {};
    const auto before = record.dispositions[SIGCHLD].sa_handler;
    const Daemonizer keeps{RecordingHost{&record}, SingleFork{}, KeepSignals{}};
    CHECK(recording::run(keeps, [&] {
              CHECK(record.dispositions[SIGCHLD].sa_handler == before);
              CHECK(record.dispositions[SIGINT].sa_handler != SIG_DFL);
          }) == 0);
}

TEST_CASE("a composition of nothing calls nothing") {
    Record record;
    const Daemonizer nothing{RecordingHost{&record}, NoFork{},    KeepStdio{},
                             KeepSignals{},          KeepUmask{}, KeepDirectory{},
                             KeepDescriptors{}};
    CHECK(recording::run(nothing, [] { return 42; }) == 42);
    CHECK(record.calls.empty());
}

TEST_CASE("a step that fails undoes those before it, the last first") {
    Record record;
    record.fail("dup2 7 2", 1, EBADF);
    CHECK(recording::run(clockd(record), [] {}) == 1);
    const auto failed = std::find(record.calls.begin(), record.calls.end(), record.failed);
    CHECK(Calls(failed, record.calls.end()) ==
          Calls{"dup2 7 2", "close 6", "close 7", "close 4"} + pid_file_removed +
              Calls{"send 5 failed", "close 5", "leave_at_once 1"});
}
