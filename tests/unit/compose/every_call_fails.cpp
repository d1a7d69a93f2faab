// SPDX-License-Identifier: BSL-1.0
// Each call of a rich composition fails once, in each of its processes: either the start says so,
// undone, or goes on, for the reason given here.
#include "fail_each.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

enum class outcome {
    says,      ///< the launcher says STEP: WHAT: the system's reason, and leaves with 1
    says_so,   ///< the launcher says STEP: WHAT, and leaves with 1
    reports,   ///< the daemon undoes, tells the launcher, and leaves with 1
    hands_on,  ///< the same, but undoing is the launcher's
    gives_up,  ///< the daemon undoes and leaves with 1: nobody was told that it runs
    tolerates, ///< STEP says why
};
using enum outcome;

struct Expected {
    const char* call;
    outcome how;
    const char* step;
    const char* what = "";
};
using Table = std::vector<Expected>;

constexpr auto gone_anyway = "the descriptor is closed even so";
constexpr auto in_place = "the file is taken in its place";
constexpr auto renamed = "the file system may not have it: a plain rename follows";
constexpr auto looks_again = "the path is opened and locked anew";
constexpr auto death_shows = "the closed report tells of a death, without its code";
constexpr auto emptied = "the file is emptied then";

const Table before_fork{
    {"mask all", says, "signals", "sigprocmask"},
    {"status /proc/self/task", tolerates, "the kernel is asked in another way"},
    {"open .", says, "pid file", "directory of the launcher"},
    {"duplicate 3", says, "pid file", "directory of the launcher"},
    {"close 3", tolerates, gone_anyway},
    {"status 4/x.pid", says, "pid file", "x.pid"},
    {"open 4/x.pid.new", tolerates, in_place},
    {"status 3", tolerates, in_place},
    {"lock 3 OFD bytes 0 to 1", says, "pid file", "x.pid"},
    {"status 4/x.pid.new", tolerates, looks_again},
    {"status 4/x.pid", tolerates, looks_again},
    {"truncate 3", says, "pid file", "x.pid"},
    {"rename_to_new 4/x.pid.new 4/x.pid", tolerates, renamed},
    {"open .", says, "stdio", "directory of the launcher"},
    {"duplicate 5", says, "stdio", "directory of the launcher"},
    {"close 5", tolerates, gone_anyway},
    {"flush", tolerates, "what stays buffered is written by the daemon"},
    {"socket_pair", says, "report", "socketpair"},
    {"ask_for_senders 5", says, "report", "socketpair"},
    {"wait any", says, "report", "waitid"},
    {"default CHLD", says, "report", "signals"},
    {"subreaper on", tolerates, death_shows},
    {"fork", says, "fork", "the launcher's"},
};

const Table in_daemon{
    {"close 5", tolerates, gone_anyway},
    {"setsid", hands_on, "setsid", "new session"},
    {"fork", hands_on, "fork", "the intermediate's"},
    {"send 7 forked", gives_up, "daemon", "not ready, the launcher is gone"},
    {"chdir /", reports, "directory", "/"},
    {"file_size_limit", reports, "pid file", "x.pid"},
    {"write_at 3 102", reports, "pid file", "x.pid"},
    {"at_exit", reports, "pid file", "atexit"},
    {"default HUP", reports, "signals", "sigaction"},
    {"handle INT", reports, "signals", "sigaction"},
    {"default", reports, "signals", "sigaction"},
    {"mask HUP TERM", reports, "signals", "sigprocmask"},
    {"signalfd HUP TERM", reports, "signals", "signalfd"},
    {"ignore PIPE", reports, "ignored signals", "sigaction"},
    {"close_range 8 8", tolerates, "what /proc/self/fd lists is closed then"},
    {"close_range 10 end", tolerates, "what /proc/self/fd lists is closed then"},
    {"open /dev/null", reports, "stdio", "/dev/null"},
    {"open 6/x.log", reports, "stdio", "x.log"},
    {"status 10", reports, "stdio", "x.log"},
    {"set_flags 10 append", reports, "stdio", "x.log"},
    {"open /dev/null", reports, "syslog", "/dev/null"},
    {"close 11", tolerates, gone_anyway},
    {"unlock 3 OFD byte 1", reports, "pid file", "x.pid"},
    {"lock 3 POSIX byte 1", reports, "pid file", "x.pid"},
    {"chmod 3 0640", reports, "pid file", "x.pid"},
    {"dup2 8 0", reports, "stdio", "stdin"},
    {"dup2 10 1", reports, "stdio", "stdout"},
    {"dup2 10 2", reports, "stdio", "stderr"},
    {"close 8", tolerates, gone_anyway},
    {"close 10", tolerates, gone_anyway},
    {"get_lock 3 OFD byte 1", tolerates, "the byte is locked again then"},
    {"send 7 ready", gives_up, "daemon", "not ready, the launcher is gone"},
    {"poll 7", tolerates, "the answer is waited for even so"},
    {"receive 7", tolerates, "the answer may be there even so"},
    {"close 7", tolerates, gone_anyway},
    {"read 5", tolerates, "wait() takes the signal without its descriptor"},
    {"close 5", tolerates, gone_anyway},
    {"close 6", tolerates, gone_anyway},
    {"status 3", tolerates, "a file that cannot be looked at is left alone"},
    {"status 4/x.pid", tolerates, emptied},
    {"unlink 4/x.pid", tolerates, emptied},
    {"close 3", tolerates, gone_anyway},
    {"close 4", tolerates, gone_anyway},
};

const Table in_intermediate{
    {"close 5", tolerates, gone_anyway},
    {"setsid", hands_on, "setsid", "new session"},
    {"fork", hands_on, "fork", "the intermediate's"},
};

const Table in_launcher{
    {"close 7", tolerates, gone_anyway},
    {"signalfd", tolerates, "it looks every 10 ms then"},
    {"poll 5", says, "report", "poll"},
    {"receive 5", says_so, "report", "message from the daemon: cannot be understood"},
    {"poll 5", says, "report", "poll"},
    {"receive 5", says_so, "report", "message from the daemon: cannot be understood"},
    {"wait 102", says, "report", "waitid"},
    {"pending", tolerates, "a signal that came is too late"},
    {"send 5 taken", says_so, "daemon", "ended before it was ready: exit status 1"},
};

auto start(Record& record) -> int {
    record.knows_one_thread = false;
    record.open[9] = 9; // inherited
    record.signals = {SIGTERM};
    record.descendants = {{102}}; // as soon as its parent, the intermediate, is gone
    record.events = {messages::forked(102), messages::ready(), recording::Dies{102, CLD_EXITED, 1}};
    const Daemonizer rich{RecordingHost{&record},   LogStdio{"x.log"},
                          PidFile{"x.pid", 0640},   SignalFd<SIGTERM, SIGHUP>{},
                          IgnoreSignals<SIGPIPE>{}, Syslog<"x", LOG_DAEMON, LOG_UPTO(LOG_INFO)>{},
                          CloseDescriptors<9>{},    StartTimeout<5>{}};
    return recording::run(rich, [](auto& running) {
        running.ready();
        return running.wait() == SIGTERM ? 0 : 9;
    });
}

/// What a process that has acquired something and must not keep it has left behind.
void check_undone(const Expected& expected, const Record& record,
                  const std::vector<int>& still_open = {9}) {
    CHECK(record.descriptors_above_stdio() == still_open);
    // Before the daemon has written its number, the file is the launcher's to remove.
    CHECK(record.has_file("4/x.pid") == (expected.call == std::string{"chdir /"}));
}

void check(const Expected& expected, const Record& record, int status) {
    const std::string what = expected.what, why = what + ": Input/output error";
    const std::string step = expected.step;
    CHECK(status == (expected.how == tolerates ? 0 : 1));
    switch (expected.how) {
    case says:
    case says_so:
        CHECK(record.written.at(2) ==
              messages::line(step + ": " + (expected.how == says ? why : what)));
        // A launcher that has forked leaves its end of the report to its exit.
        if (std::count(record.calls.begin(), record.calls.end(), "poll 5") != 0)
            check_undone(expected, record, {5, 7, 9});
        else
            check_undone(expected, record);
        break;
    case reports:
        check_undone(expected, record);
        [[fallthrough]];
    case hands_on:
        REQUIRE(!record.sent.empty());
        CHECK(record.sent.back().head.message == messages::ReportHead::kind::failed);
        CHECK(record.sent.back().failure.step() == step);
        CHECK(record.sent.back().failure.text() == why);
        CHECK(record.sent.back().failure.code() == EIO);
        break;
    case gives_up:
        CHECK(std::count_if(record.calls.begin(), record.calls.end(), [&](const auto& call) {
                  return call.rfind("log " + step + ": " + what + ": ", 0) == 0;
              }) == 1);
        CHECK(record.calls.back() == "leave 1");
        check_undone(expected, record);
        break;
    case tolerates:
        break;
    }
}

auto as(const std::deque<pid_t>& forks) {
    return [forks](Record& record) {
        record.forks = forks;
        return start(record);
    };
}

} // namespace

TEST_CASE("every call of the launcher may fail") {
    auto all = before_fork;
    all.insert(all.end(), in_launcher.begin(), in_launcher.end());
    fail_each(as({101}), all, 0, check);
}
TEST_CASE("every call of the intermediate may fail") {
    fail_each(as({0, 102}), in_intermediate, before_fork.size(), check);
}
TEST_CASE("every call of the daemon may fail") {
    fail_each(as({0, 0}), in_daemon, before_fork.size(), check);
}
