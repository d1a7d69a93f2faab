// SPDX-License-Identifier: BSL-1.0
// An upgrade call by call: in which order, and that after any that fails either the old program
// serves on or the new one does.
#include "fail_each.hpp"
#include "messages.hpp"

#include <cstdlib>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

/// What /proc tells of the program.
void prepare(Record& record) {
    record.files["/proc/self/cmdline"] = {50};
    record.files["/proc/self/environ"] = {51};
    record.files["/proc/self/exe"] = record.files["./program"] = {52};
    record.contents["/proc/self/cmdline"] = std::string{"program\0one\0", 12};
    record.contents["/proc/self/environ"] = std::string{"HOME=/root\0", 11};
}

/// Calls the `which`-th call from upgrade() on answers with `-error`; 0: none.
struct Fault {
    int which = 0, error = EIO;
};

/// Upgrades at SIGUSR2, and ends with 0 at SIGTERM.
auto run(Record& record, Fault fault = {}) -> int {
    const Daemonizer service{RecordingHost{&record},
                             NoFork{},
                             KeepStdio{},
                             KeepDirectory{},
                             KeepUmask{},
                             KeepDescriptors{},
                             PidFile{"/run/x.pid"},
                             SignalFd<SIGTERM, SIGUSR2>{},
                             Upgrade<SIGUSR2>{}};
    return recording::run(service, [&](auto& daemon) {
        daemon.ready();
        for (int signal; (signal = daemon.wait()) != SIGTERM;) {
            if (signal != SIGUSR2)
                return 0; // the wait has failed
            record.calls.clear();
            record.fail("", fault.which, fault.error);
            const auto open = record.open;
            if (daemon.upgrade() || record.open != open)
                return 9;
        }
        return 0;
    });
}

/// In the old program. `child`: 0 in the child that becomes the trial.
auto upgrade(Record& record, pid_t child, Fault fault = {}) -> int {
    prepare(record);
    record.forks = {child};
    if (child != 0)
        record.events = {recording::Dies{101, CLD_EXITED, 0}};
    record.signals = {SIGUSR2, SIGTERM};
    return run(record, fault);
}

/// In the new program, whom the old one, or its parent, has told what it is. `change` makes another
/// message of that, and `start` is the new program's.
template <class Change, class Start>
auto go_on(Record& record, bool is_trial, Change change, Start start) -> int {
    prepare(record);
    detail::UpgradeHandover handover{};
    handover.mark = detail::UpgradeHandover::of_upgrade;
    handover.notify = -1;
    handover.size = sizeof handover;
    handover.daemon = is_trial ? record.parent : record.pid;
    handover.is_trial = is_trial ? 1 : 0;
    handover.pid_file = is_trial ? -1 : 7;
    handover.stored.count = 1;
    handover.stored.entries[0] = {8, "front"};
    record.files["/run/x.pid"] = {70};
    record.open = {{0, 1}, {1, 1}, {2, 1}, {8, 80}, {9, 4}};
    if (!is_trial)
        record.open[7] = 70;
    record.peers[9] = handover.daemon;
    change(handover);
    record.unread[9] = std::string(reinterpret_cast<const char*>(&handover), sizeof handover);
    record.signals = {SIGTERM};
    ::setenv("DAEMONIZER_HANDOVER", "9", 1);
    const int status = start(record);
    ::unsetenv("DAEMONIZER_HANDOVER");
    return status;
}

template <class Change>
auto go_on(Record& record, bool is_trial, Change change) -> int {
    return go_on(record, is_trial, change, [](Record& to) { return run(to); });
}
auto go_on(Record& record, bool is_trial) -> int {
    return go_on(record, is_trial, [](auto&) {});
}

/// A step that fails in the daemon's place, and in a trial.
template <phase At>
struct FailsThere {
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    struct Step : step<At> {
        static constexpr const char* name = "own";
        static auto run(const auto& start, const auto&) -> bool { return start.fail("it", EIO); }
    };
    using steps = step_list<Step>;
};

/// A program that can be upgraded, of the simplest policies and these.
auto upgradable_on(auto host, auto... more) {
    return Daemonizer{host,        NoFork{},          KeepStdio{},        KeepDirectory{},
                      KeepUmask{}, KeepDescriptors{}, Upgrade<SIGUSR2>{}, more...};
}
auto upgradable(Record& record, auto... more) {
    return upgradable_on(RecordingHost{&record}, more...);
}

/// A child finds that its parent has died.
struct OrphaningHost : RecordingHost {
    auto parent() const -> pid_t { return 1; }
};

/// The kernel buries each child, as for a program that ignores SIGCHLD.
struct BuryingHost : RecordingHost {
    auto wait(idtype_t, pid_t id, siginfo_t& how, int) const -> int {
        how.si_pid = 0;
        record->call("wait", id);
        return -ECHILD;
    }
};

/// The calls without those that are made for each limit.
auto in_short(const Record& record) -> std::vector<std::string> {
    std::vector<std::string> calls;
    for (const auto& call : record.calls)
        if (call.rfind("limit ", 0) != 0 && call.rfind("set_limit ", 0) != 0)
            calls.push_back(call);
    return calls;
}

auto begins(const std::string& text, const char* begin) -> bool {
    return text.rfind(begin, 0) == 0;
}
auto made(const Record& record, const char* begin) -> bool {
    return std::any_of(record.calls.begin(), record.calls.end(),
                       [&](const auto& call) { return begins(call, begin); });
}

auto count(const Record& record, const char* begin) -> long {
    return std::count_if(record.calls.begin(), record.calls.end(),
                         [&](const auto& call) { return begins(call, begin); });
}

constexpr auto executes = "execute ./program program one HOME=/root DAEMONIZER_HANDOVER=7";

/// What the old program says when this call fails; empty where that is tolerated.
auto said(const std::string& call, bool in_place) -> const char* {
    if (begins(call, "socket_pair") || begins(call, "send"))
        return in_place ? "in place" : "trial";
    if (call == "fork")
        return "trial: fork";
    if (begins(call, "receive"))
        return "trial: report";
    for (const char* const needed : {"open .", "limit", "pass_on_exec", "fchdir", "execute"})
        if (begins(call, needed))
            return "./program";
    return "";
}

} // namespace

TEST_CASE("the old program tries the new one, and executes it in place") {
    Record record;
    CHECK(upgrade(record, 101) == RecordingHost::executed);
    CHECK(in_short(record) ==
          std::vector<std::string>{
              "socket_pair", "send 6 taken", "fork", "close 7", "open_process 101", "poll 6",
              "wait 101", "receive 6", "wait 101", "close 7", "signal -101 KILL", "wait 101",
              "close 6",
              // a signal that comes now is the next program's
              "block 12", "block TERM", "socket_pair", "send 6 taken",
              // what is changed for the execution, and given back where that fails
              "open .", "umask 00", "umask 00", "pass_on_exec 3", "pass_on_exec 7", "fchdir 4",
              "umask 00", executes, "executed 200"});
    CHECK(record.mistakes.empty());
}

TEST_CASE("a trial leads a group, ends with the daemon, and has no pid file") {
    Record record;
    CHECK(upgrade(record, 0) == RecordingHost::executed);
    CHECK(in_short(record) == std::vector<std::string>{"socket_pair", "send 6 taken", "fork",
                                                       "lead_group", "die_with_parent KILL",
                                                       "pass_on_exec 7", "fchdir 4", "umask 00",
                                                       executes, "executed 200"});
}

TEST_CASE("whatever call of an upgrade fails, the old program serves on or the new one does") {
    const int error = GENERATE(EIO, ENOMEM, EMFILE, EINTR, EACCES);
    bool in_place = false;
    int n = 1;
    for (;; ++n) {
        Record record;
        const int status = upgrade(record, 101, {n, error});
        if (record.failed.empty())
            break;
        in_place = in_place || begins(record.failed, "block");
        INFO(record.failed << " failed");
        const std::string text = said(record.failed, in_place);
        CHECK(record.mistakes.empty());
        if (text.empty()) {
            CHECK(status == RecordingHost::executed);
            continue;
        }
        CHECK(status == 0); // by SIGTERM: it has served on, with the same descriptors
        CHECK(record.written[2] ==
              messages::line("upgrade: " + text + ": " + std::strerror(error)));
        CHECK(!record.has_file("/run/x.pid"));
        CHECK(record.descriptors_above_stdio().empty());
        // No child is left behind, nor is one executed in place that has failed.
        CHECK(record.children.empty());
    }
    CHECK(n > 50);
}

TEST_CASE("a program that cannot be executed leaves all as it was") {
    Record record;
    record.can_execute = false;
    CHECK(upgrade(record, 101) == 0);
    CHECK(record.written[2] == messages::line("upgrade: ./program: No such file or directory"));
    const auto calls = in_short(record);
    const auto at = std::find(calls.begin(), calls.end(), executes);
    REQUIRE(at != calls.end());
    CHECK(std::vector<std::string>(at + 1, at + 8) ==
          std::vector<std::string>{"fchdir 8", "umask 00", "close 8", "close_on_exec 3",
                                   "close_on_exec 7", "close 6", "close 7"});
}

TEST_CASE("whatever call of a trial's child fails, it executes the program or says why not") {
    int n = 3; // the first three are the daemon's
    for (;; ++n) {
        Record record;
        const int status = upgrade(record, 0, {n + 1});
        if (record.failed.empty())
            break;
        INFO(record.failed << " failed");
        if (status == RecordingHost::executed)
            continue;
        CHECK(status == 127);
        REQUIRE(!record.sent.empty());
        Failure told;
        std::memcpy(static_cast<void*>(&told), &record.sent.back(), sizeof told);
        CHECK(told.step() == std::string{"exec"});
        CHECK(told.text() == std::string{"./program: Input/output error"});
        CHECK(!made(record, "unlink"));
    }
    CHECK(n > 20);
}

TEST_CASE("a program that was executed in place adopts the pid file, and makes none") {
    Record record;
    CHECK(go_on(record, false) == 0);
    CHECK(record.calls.front() == "peer 9");
    for (const char* const call : {"rename", "truncate", "fork", "lock 7 OFD", "lock 3 OFD"})
        CHECK(!made(record, call));
    CHECK(made(record, "lock 7 POSIX byte 1"));
    CHECK(made(record, "unlink /run/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("what is stored has a name, and each name one descriptor") {
    using detail::StoredDescriptors;
    Record record;
    record.open[9] = 90;
    const RecordingHost host{&record};
    const auto open_ones = [&] {
        return static_cast<int>(record.descriptors_above_stdio().size());
    };
    StoredDescriptors stored;
    CHECK_FALSE(stored.add(host, "", 9));
    CHECK_FALSE(stored.add(host, std::string(StoredDescriptors::longest_name + 1, 'x').c_str(), 9));
    record.fail("duplicate", 1, EMFILE);
    CHECK_FALSE(stored.add(host, "front", 9));
    CHECK(open_ones() == 1);

    CHECK(stored.add(host, "front", 9));
    CHECK(stored.add(host, "back", 9));
    CHECK(stored.add(host, "front", 9)); // the one before is closed
    CHECK(stored.count == 2);
    CHECK(open_ones() == 3);
    CHECK(stored.remove(host, "front"));
    CHECK_FALSE(stored.remove(host, "front"));
    CHECK(stored.count == 1);
    CHECK(stored.entries[0].name == std::string{"back"});

    for (int i = 1; i != StoredDescriptors::capacity; ++i)
        CHECK(stored.add(host, std::to_string(i).c_str(), 9));
    CHECK_FALSE(stored.add(host, "one too many", 9));
    CHECK(open_ones() == 1 + StoredDescriptors::capacity);
    CHECK(record.mistakes.empty());
}

TEST_CASE("a message that is not of an older program's begins a first start") {
    using detail::UpgradeHandover;
    const bool is_trial = GENERATE(false, true);
    void (*const changes[])(UpgradeHandover&) = {
        [](UpgradeHandover& from) { ++from.mark; },
        [](UpgradeHandover& from) { --from.size; },
        [](UpgradeHandover& from) { ++from.daemon; },
        [](UpgradeHandover& from) { from.is_trial = 1 - from.is_trial; },
        [](UpgradeHandover& from) { from.stored.count = -1; },
        [](UpgradeHandover& from) { from.stored.count = detail::StoredDescriptors::capacity + 1; }};
    for (const auto change : changes) {
        Record record;
        CHECK(go_on(record, is_trial, change) == 0);
        CHECK(record.calls.front() == "peer 9");
        CHECK(made(record, "receive 9"));
        CHECK(made(record, "rename"));
    }
}

TEST_CASE("a descriptor that a stranger has made begins a first start") {
    Record record;
    SECTION("of another process") {
        go_on(record, false, [&](auto&) { record.peers[9] = 7; });
        CHECK(!made(record, "receive 9"));
    }
    SECTION("of a process that nobody can name") {
        go_on(record, false, [&](auto&) { record.peers[9] = 0; });
        CHECK(!made(record, "receive 9"));
    }
    CHECK(made(record, "rename"));
}

TEST_CASE(
    "whatever call of a program fails that was executed in place, it serves, or it tries again") {
    int n = 1, again = 0;
    for (;; ++n) {
        Record record;
        record.fail("", n, EIO);
        const int status = go_on(record, false);
        if (record.failed.empty())
            break;
        INFO(record.failed << " failed");
        CHECK((status == 0 || status == RecordingHost::executed));
        if (status == RecordingHost::executed)
            ++again;
        CHECK(!made(record, "rename"));
        CHECK(!made(record, "fork"));
        CHECK((made(record, "unlink /run/x.pid") || made(record, "truncate 7")) == (status == 0));
    }
    CHECK(n > 50);
    CHECK(again > 5);
}

TEST_CASE("whatever two calls of a program fail that was executed in place, a daemon serves") {
    int pairs = 0, n = 1;
    for (bool is_over = false; !is_over; ++n)
        for (int after = 1;; ++after) {
            Record record;
            record.fail("", n, EIO);
            record.fail_again(after);
            const int status = go_on(record, false);
            is_over = record.failed.empty();
            if (record.failed_again.empty())
                break;
            INFO(record.failed << " and " << record.failed_again << " failed");
            ++pairs;
            CHECK((status == 0 || status == RecordingHost::executed));
            CHECK(!made(record, "fork"));
        }
    CHECK(pairs > 3000);
}

TEST_CASE("whatever call of a trial fails, it says how it went, and touches no pid file") {
    int n = 1;
    for (;; ++n) {
        Record record;
        record.fail("", n, EIO);
        go_on(record, true);
        INFO(record.failed << " failed");
        for (const char* const call : {"rename", "truncate", "write_at", "unlink", "execute"})
            CHECK(!made(record, call));
        CHECK(record.has_file("/run/x.pid"));
        if (!begins(record.failed, "send 9"))
            CHECK(made(record, "send 9"));
        if (record.failed.empty()) {
            CHECK(record.calls.back() == "leave_at_once 0");
            break;
        }
    }
    CHECK(n > 50);
}

TEMPLATE_TEST_CASE(
    "a program that cannot begin in the daemon's place is tried three times, and gives up", "",
    FailsThere<phase::check>, FailsThere<phase::session>) {
    // So often one has failed before it.
    const int failures = GENERATE(0, 1, 3);
    Record record;
    record.can_execute = false;
    const int status = go_on(
        record, false, [=](auto& handover) { handover.failures = failures; },
        [](Record& to) {
            return recording::run(
                upgradable(to, PidFile{"/run/x.pid"}, SignalFd<SIGTERM, SIGUSR2>{}, TestType{}),
                [](auto& daemon) { daemon.ready(); });
        });
    CHECK(status == 1);
    CHECK(count(record, "execute ./program") == 3 - failures);
    CHECK(record.written[2] == messages::line("own: it: Input/output error"));
    CHECK_FALSE(record.has_file("/run/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("another attempt in the daemon's place is passed the manager's sockets, too") {
    Record record;
    const int status = go_on(
        record, false, [](auto&) {},
        [](Record& to) {
            to.open[3] = to.open[4] = 40;
            ::setenv("LISTEN_PID", std::to_string(to.pid).c_str(), 1);
            ::setenv("LISTEN_FDS", "2", 1);
            return recording::run(upgradable(to, PidFile{"/run/x.pid"}, ListenSockets{},
                                             SignalFd<SIGTERM, SIGUSR2>{},
                                             FailsThere<phase::session>{}),
                                  [](auto& daemon) { daemon.ready(); });
        });
    CHECK(status == RecordingHost::executed);
    // The sockets, what is stored, the pid file, and the way to the next program.
    for (const char* const passed :
         {"pass_on_exec 3", "pass_on_exec 4", "pass_on_exec 8", "pass_on_exec 7"})
        CHECK(count(record, passed) == 1);
    CHECK(count(record, "pass_on_exec") == 5);
}

TEST_CASE("a daemon that cannot adopt its pid file says so, and leaves no number in it") {
    Record record;
    record.can_execute = false;
    const int status = go_on(
        record, false, [](auto&) {},
        [](Record& to) {
            to.fail("duplicate", 1, EMFILE); // of the directory that the path starts from
            return recording::run(upgradable(to, PidFile{"x.pid"}, SignalFd<SIGTERM, SIGUSR2>{}),
                                  [](auto& daemon) { daemon.ready(); });
        });
    CHECK(status == 1);
    CHECK(record.written[2] ==
          messages::line("pid file: directory of the launcher: Too many open files"));
    CHECK(count(record, "execute ./program") == 3);
    CHECK(count(record, "truncate 7") == 1);
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("where an upgrade fails in place, SignalFlag collects again what it collected before") {
    Record record;
    prepare(record);
    record.can_execute = false;
    record.forks = {101};
    record.events = {recording::Interrupts{SIGUSR2}, recording::Dies{101, CLD_EXITED, 0}};
    const int status =
        recording::run(upgradable(record, SignalFlag<SIGTERM, SIGUSR2>{}), [&](auto& daemon) {
            daemon.ready();
            if (daemon.wait() != SIGUSR2 || daemon.upgrade())
                return 9;
            record.events = {recording::Interrupts{SIGTERM}};
            return daemon.wait() == SIGTERM ? 0 : 9;
        });
    CHECK(status == 0);
    const auto& calls = record.calls;
    const auto tried = std::find_if(calls.begin(), calls.end(), [](const std::string& call) {
        return begins(call, "execute ./program");
    });
    REQUIRE(tried != calls.end());
    for (const std::string signal : {"12", "TERM"}) {
        CHECK(std::count(calls.begin(), tried, "block " + signal) == 1);
        CHECK(std::count(calls.begin(), tried, "unblock " + signal) == 0);
        CHECK(std::count(tried, calls.end(), "unblock " + signal) == 1);
    }
}

TEST_CASE("before ready there is no upgrade") {
    Record record;
    prepare(record);
    record.signals = {SIGTERM};
    record.forks = {101};
    record.events = {recording::Dies{101, CLD_EXITED, 0}};
    const int status =
        recording::run(upgradable(record, SignalFd<SIGTERM, SIGUSR2>{}), [&](auto& daemon) {
            record.calls.clear();
            if (daemon.upgrade() || !record.calls.empty())
                return 9;
            daemon.ready();
            daemon.upgrade();
            return 8;
        });
    CHECK(status == RecordingHost::executed); // as it is once it is ready
}

TEST_CASE("what cannot be stored is said, and neither kept nor passed to the manager") {
    Record record;
    prepare(record);
    record.open[9] = 90;
    ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
    const int status = recording::run(
        upgradable(record, SignalFd<SIGTERM, SIGUSR2>{}, SystemdNotify{}), [&](auto& daemon) {
            const std::string longest(63, 'x');
            CHECK_FALSE(daemon.store((longest + 'x').c_str(), 9));
            CHECK(count(record, "tell ") == 0);
            CHECK(daemon.store(longest.c_str(), 9));
            CHECK(count(record, "tell ") == 1);
            CHECK(daemon.socket((longest + 'x').c_str()) == -1);
            CHECK(record.open[daemon.socket(longest.c_str())] == 90);
            return 0;
        });
    ::unsetenv("NOTIFY_SOCKET");
    CHECK(status == 1); // it was never ready
}

TEST_CASE("where stdio is closed and no other descriptor is left an upgrade is not begun") {
    const int which = GENERATE(1, 2); // end of the socket
    Record record;
    prepare(record);
    const int status =
        recording::run(upgradable(record, SignalFd<SIGTERM, SIGUSR2>{}), [&](auto& daemon) {
            daemon.ready();
            record.open.erase(0);
            record.open.erase(1);
            const auto open = record.open;
            record.fail("duplicate", which, EMFILE);
            CHECK_FALSE(daemon.upgrade());
            CHECK(record.open == open);
            return 0;
        });
    CHECK(status == 0);
    CHECK(record.failed != "");
    CHECK(record.written[2] == messages::line("upgrade: trial: Too many open files"));
    CHECK(count(record, "fork") == 0);
    CHECK(record.mistakes.empty());
}

/// With a watchdog; the trial's child says ready after two seconds.
static void upgrade_slowly(Record& record) {
    prepare(record);
    record.forks = {101};
    record.children = {{101, 0, 0, 101}};
    const auto service =
        upgradable(record, SignalFd<SIGUSR2>{}, SystemdNotify{}, Watchdog{}, StartTimeout<5>{});
    const int status = recording::run(service, [&](auto& daemon) {
        daemon.ready();
        record.calls.clear();
        return daemon.upgrade() ? 9 : 0;
    });
    CHECK(status == RecordingHost::executed);
}

TEST_CASE("while a trial takes its time the watchdog hears of the daemon") {
    ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    Record record;
    upgrade_slowly(record);
    std::vector<std::string> told;
    for (const auto& call : record.calls)
        if (call.rfind("tell ", 0) == 0)
            told.push_back(call.substr(0, 18));
    // At once, after each second, and last so that the new program's start has all of the time.
    const std::string ping = "tell 3 WATCHDOG=1";
    CHECK(told == std::vector<std::string>{ping, ping, ping, ping, "tell 3 RELOADING=1"});
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("WATCHDOG_USEC");
}

TEST_CASE("a watchdog that nobody asked for is not pinged while a trial takes its time") {
    ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
    Record record;
    upgrade_slowly(record);
    CHECK(count(record, "tell 3 WATCHDOG=1") == 0);
    CHECK(count(record, "tell 3 RELOADING=1") == 1);
    ::unsetenv("NOTIFY_SOCKET");
}

TEST_CASE("a trial's child whose daemon has died does not begin") {
    Record record;
    prepare(record);
    record.forks = {0};
    const int status = recording::run(
        upgradable_on(OrphaningHost{{&record}}, SignalFd<SIGTERM, SIGUSR2>{}), [&](auto& daemon) {
            daemon.ready();
            daemon.upgrade();
            return 9;
        });
    CHECK(status == 1);
    CHECK(made(record, "die_with_parent KILL"));
    CHECK(!made(record, "execute"));
    CHECK(record.calls.back() == "leave_at_once 1");
}

TEST_CASE("of a trial that the kernel has buried it is not known how it ended") {
    Record record;
    prepare(record);
    record.forks = {101};
    record.launcher_takes_ready = false; // nor has the trial said anything
    const int status = recording::run(
        upgradable_on(BuryingHost{{&record}}, SignalFd<SIGTERM, SIGUSR2>{}), [&](auto& daemon) {
            daemon.ready();
            return daemon.upgrade() ? 9 : 0;
        });
    CHECK(status == 0);
    CHECK(record.written[2] ==
          messages::line("upgrade: trial: ended before it was ready, how is not known"));
    CHECK(!made(record, "signal -101")); // the number may be another's
    CHECK(!made(record, "execute"));
    CHECK(record.descriptors_above_stdio().empty());
}
