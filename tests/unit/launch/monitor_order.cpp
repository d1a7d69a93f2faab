// SPDX-License-Identifier: BSL-1.0
// A monitor call by call: in which order, and that after any that fails nobody stays behind whom
// nobody knows.
#include "catch.hpp"
#include "messages.hpp"

#include <cstdlib>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;
using Calls = std::vector<std::string>;

namespace {

constexpr pid_t monitor = 101, first = 102, second = 103;

/// The launcher forks the monitor, which forks the first daemon, and after a crash the second.
template <class... More>
auto run(Record& record, const More&... more) -> int {
    record.files["/proc/self/cmdline"] = {50};
    record.files["/proc/self/environ"] = {51};
    record.files["/proc/self/exe"] = record.files["./program"] = {52};
    record.contents["/proc/self/cmdline"] = std::string{"program\0one\0", 12};
    record.contents["/proc/self/environ"] = std::string{"HOME=/root\0", 11};
    const Daemonizer service{
        RecordingHost{&record}, SingleFork{},        Monitor<2, 60>{}, StartTimeout<5>{},
        PidFile{"/run/x.pid"},  SignalFd<SIGTERM>{}, more...};
    return recording::run(service, [](auto& daemon) {
        daemon.ready();
        return daemon.wait() == SIGTERM ? 0 : 9;
    });
}

const std::deque<recording::Event> crash{messages::by(first, messages::ready()),
                                         recording::Dies{first, CLD_KILLED, SIGSEGV}};

/// In the monitor: the daemon crashes, is started again, and is stopped.
auto run_monitor(Record& record) -> int {
    record.forks = {0, first, second};
    record.events = crash;
    record.events.push_back(messages::by(second, messages::ready()));
    record.events.push_back(recording::Interrupts{SIGTERM});
    return run(record);
}
auto run_daemon(Record& record) -> int {
    record.forks = {0, 0};
    record.signals = {SIGTERM};
    return run(record);
}
/// In the child that becomes the second daemon.
template <class... More>
auto run_restart(Record& record, const More&... more) -> int {
    record.forks = {0, first, 0};
    record.events = crash;
    return run(record, more...);
}
auto run_logged_restart(Record& record) -> int { return run_restart(record, LogStdio{"/x.log"}); }
/// In the child that says that the monitor gives up: no restart is ready in time.
auto run_last_word(Record& record) -> int {
    record.forks = {0, first, second, second + 1, 0};
    record.events = crash;
    return run(record, LogStdio{"/x.log"});
}
/// In the second daemon, the program anew; `change` makes another message of the monitor's.
template <class Change, class... More>
auto run_program_with(Record& record, Change change, const More&... more) -> int {
    record.pid = second;
    record.parent = monitor;
    record.files["/run/x.pid"] = {70};
    record.open = {{0, 1}, {1, 1}, {2, 1}, {7, 70}, {9, 4}};
    record.signals = {SIGTERM};
    detail::Handover handover{detail::Handover::of_monitor,
                              monitor,
                              7,
                              -1,
                              false,
                              false,
                              messages::failure("monitor", "daemon", "was killed", 0, 1)};
    record.peers[9] = monitor;
    change(handover);
    record.unread[9] = std::string(reinterpret_cast<const char*>(&handover), sizeof handover);
    ::setenv("DAEMONIZER_HANDOVER", "9", 1);
    const int status = run(record, more...);
    ::unsetenv("DAEMONIZER_HANDOVER");
    return status;
}
template <class... More>
auto run_again(Record& record, bool is_said, const More&... more) -> int {
    return run_program_with(
        record, [=](auto& handover) { handover.is_said = is_said; }, more...);
}

auto run_program(Record& record) -> int {
    return run_program_with(record, [](auto&) {});
}

/// The calls after the `which`-th fork of a run.
auto calls_after_fork(const Record& record, int which) -> Calls {
    Calls after = record.calls;
    for (; which != 0; --which)
        after.erase(after.begin(), std::find(after.begin(), after.end(), "fork") + 1);
    return after;
}

auto made(const Record& record, const std::string& begin) -> bool {
    return std::any_of(record.calls.begin(), record.calls.end(),
                       [&](const auto& call) { return call.rfind(begin, 0) == 0; });
}

/// Runs again and again, each time with another call failing, those after the `fork`-th fork of the
/// run. Returns how many.
template <class Run, class Check>
auto fail_each_after_fork(Run run, int fork, int error, Check check) -> int {
    Record faultless;
    run(faultless);
    const std::size_t before = faultless.calls.size() - calls_after_fork(faultless, fork).size();
    int count = 0;
    for (int n = 1;; ++n) {
        Record record;
        record.fail("", n, error);
        const int status = run(record);
        if (record.failed.empty())
            return count;
        const auto failed = std::find(record.calls.begin(), record.calls.end(), record.failed);
        if (std::count(record.calls.begin(), failed, "fork") < fork || record.calls.size() < before)
            continue;
        INFO(record.failed << " failed, call " << n);
        ++count;
        CHECK(record.mistakes.empty());
        check(record, status);
    }
}

auto nobody_lives(const Record& record) -> bool {
    return std::none_of(record.children.begin(), record.children.end(),
                        [](const recording::Child& child) { return child.code == 0; });
}

} // namespace

TEST_CASE("the monitor records itself, forks the daemon, and takes the pid file away") {
    Record record;
    CHECK(run_monitor(record) == 128 + SIGTERM);
    const auto calls = calls_after_fork(record, 1);
    CHECK(Calls(calls.begin(), calls.begin() + 15) ==
          Calls{"close 4", "setsid",
                // the pid file names the monitor, which locks it
                "file_size_limit", "write_at 3 101", "at_exit", "unlock 3 OFD byte 1",
                "lock 3 POSIX byte 1", "chmod 3 0644", "get_lock 3 OFD byte 1",
                // deaths are heard of from here on
                "wait any", "default CHLD", "subreaper on", "open /dev/null", "socket_pair",
                "ask_for_senders 6"});
    CHECK(Calls(calls.end() - 6, calls.end()) == Calls{"status 3", "status /run/x.pid",
                                                       "unlink /run/x.pid", "close 3", "unmap",
                                                       "leave_at_once 143"});
    CHECK(record.mistakes.empty());
}

TEST_CASE(
    "the monitor leaves the terminal before the launcher is told, and the daemon hears last") {
    Record record;
    run_monitor(record);
    const auto calls = calls_after_fork(record, 2);
    CHECK(Calls(calls.begin(), calls.begin() + 17) ==
          Calls{"close 7", "disconnect_log", "close_range 7 end",
                "signalfd HUP INT QUIT ALRM TERM CHLD", "poll 6", "receive 6", "wait 102",
                "pending", "dup2 4 0", "dup2 4 1", "dup2 4 2", "close 4", "send 5 ready", "poll 5",
                "receive 5", "send 6 taken", "close 6"});
}

TEST_CASE("what the crashed daemon has left is ended before the next is forked") {
    Record record;
    run_monitor(record);
    const auto& calls = record.calls;
    const auto ended = std::find(calls.begin(), calls.end(), "wait -102");
    REQUIRE(ended != calls.end());
    CHECK(std::count(calls.begin(), ended, "fork") == 2);
    CHECK(std::count(ended, calls.end(), "fork") == 1);
    CHECK(made(record, "signal 103 TERM"));
}

TEST_CASE("the child of a restart dies with the monitor, and has the pid file and the report") {
    Record record;
    CHECK(run_restart(record) == RecordingHost::executed);
    CHECK(calls_after_fork(record, 3) ==
          Calls{"lead_group", "die_with_parent KILL", "send 5 handover", "pass_on_exec 6",
                "pass_on_exec 3", "default CHLD", "mask nothing",
                "execute ./program program one HOME=/root DAEMONIZER_HANDOVER=6", "executed 200"});
}

TEST_CASE("the child of a restart opens the log, and says why there, before the program runs") {
    Record record;
    CHECK(run_logged_restart(record) == RecordingHost::executed);
    CHECK(calls_after_fork(record, 3) ==
          Calls{"lead_group", "die_with_parent KILL", "umask 022", "open /x.log", "status 7",
                "set_flags 7 append", "dup2 7 1", "dup2 7 2", "close 7", "umask 00", "write 2",
                "take PIPE", "send 5 handover", "pass_on_exec 6", "pass_on_exec 3", "default CHLD",
                "mask nothing", "execute ./program program one HOME=/root DAEMONIZER_HANDOVER=6",
                "executed 200"});
    CHECK(record.written[2] == std::string{"program: monitor: daemon: was killed: "} +
                                   ::strsignal(SIGSEGV) +
                                   ", signal 11; started again, restart 1\n");
}

TEST_CASE("the child of a restart connects to the journal") {
    Record record;
    CHECK(run_restart(record, JournalStdio{"x"}) == RecordingHost::executed);
    const auto calls = calls_after_fork(record, 3);
    CHECK(Calls(calls.begin() + 2, calls.begin() + 16) ==
          Calls{"umask 022", "socket 1", "connect 7", "stop_receiving 7", "send 7 taken",
                "dup2 7 1", "close 7", "socket 1", "connect 7", "stop_receiving 7", "send 7 taken",
                "dup2 7 2", "close 7", "umask 00"});
    CHECK(record.written[2] != "");
}

TEST_CASE("the last word of a monitor needs no program where the log can be opened") {
    Record record;
    CHECK(run_last_word(record) == 0);
    CHECK(record.written[2] ==
          "program: monitor: daemon: not ready after 5 s, and ended; given up after "
          "restart 2\n");
    CHECK(!made(record, "execute"));
}

TEST_CASE("a restarted daemon says why only where the monitor has not said it") {
    const std::string reason = ": monitor: daemon: was killed\n";
    SECTION("said") {
        Record record;
        CHECK(run_again(record, true, LogStdio{"/x.log"}) == 0);
        CHECK(record.written[2] == "");
    }
    SECTION("not said") {
        Record record;
        CHECK(run_again(record, false, LogStdio{"/x.log"}) == 0);
        CHECK(record.written[2] == program_invocation_short_name + reason);
    }
    SECTION("and the first step fails") {
        Record record;
        record.fail("mask all", 1, EINVAL);
        CHECK(run_again(record, false, LogStdio{"/x.log"}) == 1);
        CHECK(record.written[2] == program_invocation_short_name + reason);
        CHECK(made(record, "send 9 failed"));
    }
    SECTION("and the log cannot be opened") {
        Record record;
        record.fail("open /x.log", 1, EACCES);
        CHECK(run_again(record, false, LogStdio{"/x.log"}) == 1);
        CHECK(record.written[2] == program_invocation_short_name + reason);
        CHECK(made(record, "send 9 failed"));
    }
}

TEST_CASE("a restarted daemon neither forks nor touches the pid file") {
    Record record;
    CHECK(run_program(record) == 0);
    for (const char* const call :
         {"fork", "setsid", "lock", "rename", "truncate", "write_at", "unlink"})
        CHECK(!made(record, call));
    const auto& calls = record.calls;
    CHECK(Calls(calls.begin(), calls.begin() + 5) ==
          Calls{"mask all", "peer 9", "close_on_exec 9", "receive 9", "die_with_parent KILL"});
    CHECK(std::count(calls.begin(), calls.end(), "die_with_parent KILL") == 2); // after the drop
    CHECK(made(record, "send 9 ready"));
    CHECK(record.mistakes.empty());
}

TEST_CASE("a message that is not of this process's monitor begins a first start") {
    Record record;
    SECTION("of another process") {
        run_program_with(record, [&](auto&) { record.peers[9] = 7; });
        CHECK(!made(record, "receive 9"));
    }
    SECTION("of another kind") {
        run_program_with(record, [](auto& handover) { ++handover.mark; });
        CHECK(made(record, "receive 9"));
    }
    SECTION("that names another monitor") {
        run_program_with(record, [](auto& handover) { ++handover.monitor; });
        CHECK(made(record, "receive 9"));
    }
    CHECK(made(record, "fork"));
}

TEST_CASE("whatever call of the monitor fails, its daemon is known to somebody or ended") {
    const int error = GENERATE(EIO, EMFILE, EINTR, ENOMEM);
    const int count = fail_each_after_fork(run_monitor, 1, error, [](Record& record, int status) {
        CHECK(nobody_lives(record));
        CHECK((!record.has_file("/run/x.pid") || made(record, "truncate 3") ||
               record.failed == "setsid" || record.failed == "status 3"));
        if (made(record, "send 5 taken")) // the second daemon was ready, or it was not heard
            CHECK((status == 128 + SIGTERM || record.failed == "receive 5"));
        else
            CHECK(status != 0);
    });
    CHECK(count > 50);
}

TEST_CASE("whatever two calls of the monitor fail, its daemon is known to somebody or ended") {
    int pairs = 0, n = 1;
    for (bool is_over = false; !is_over; ++n)
        for (int after = 1;; ++after) {
            Record record;
            record.fail("", n, EIO);
            record.fail_again(after);
            run_monitor(record);
            is_over = record.failed.empty();
            if (record.failed_again.empty())
                break;
            INFO(record.failed << " and " << record.failed_again << " failed");
            ++pairs;
            CHECK(nobody_lives(record));
        }
    CHECK(pairs > 3000);
}

TEST_CASE("whatever call of a monitored daemon fails, it serves, or tells the monitor why not") {
    const int count = fail_each_after_fork(run_daemon, 2, EIO, [](Record& record, int status) {
        CHECK(!made(record, "unlink"));
        if (status == 0)
            return;
        CHECK(status == 1);
        const bool told = made(record, "send 7 failed");
        CHECK((told || record.failed == "die_with_parent KILL" || record.failed == "send 7 ready"));
        if (told)
            CHECK(record.sent.back().failure.code() == EIO);
    });
    CHECK(count > 25);
}

TEST_CASE("whatever call of a restart's child fails, it executes the program or tells why not") {
    const bool has_log = GENERATE(false, true);
    const auto restart = [&](Record& record) {
        return has_log ? run_logged_restart(record) : run_restart(record);
    };
    const int count = fail_each_after_fork(restart, 3, EIO, [](Record& record, int status) {
        if (status == RecordingHost::executed)
            return;
        if (record.failed == "die_with_parent KILL")
            CHECK(status == 1);
        else
            CHECK((status == 127 && made(record, "send 6 failed")));
        for (const char* const of_log : {"open", "status", "set_flags", "dup2", "close", "write 2"})
            CHECK(record.failed.rfind(of_log, 0) != 0); // those go on without the log
    });
    CHECK(count >= (has_log ? 13 : 7));
}

TEST_CASE("whatever call of the last word's child fails, it is said, or the program is to say it") {
    const int count = fail_each_after_fork(run_last_word, 5, EIO, [](Record& record, int status) {
        const bool is_said = status == 0 && record.written[2] != "";
        CHECK((is_said || made(record, "execute") || record.failed == "die_with_parent KILL" ||
               made(record, "send 6 failed")));
    });
    CHECK(count >= 8);
}

TEST_CASE("whatever call of a restarted daemon fails, it serves, or tells the monitor why not") {
    const int count = fail_each_after_fork(run_program, 0, EIO, [](Record& record, int status) {
        for (const char* const call : {"rename", "truncate", "write_at", "unlink"})
            CHECK(!made(record, call));
        if (status != 0)
            CHECK((made(record, "send 9 failed") || record.failed == "die_with_parent KILL" ||
                   record.failed == "send 9 ready"));
    });
    CHECK(count > 30);
}
