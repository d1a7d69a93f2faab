// SPDX-License-Identifier: BSL-1.0
// When a supervisor is told what, and by which process; and that no error of its ends a start.
#include "catch.hpp"
#include "messages.hpp"

#include <cstdlib>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

struct Variable {
    explicit Variable(const char* value) { ::setenv("NOTIFY_SOCKET", value, 1); }
    Variable(const Variable&) = delete;
    auto operator=(const Variable&) -> Variable& = delete;
    ~Variable() { ::unsetenv("NOTIFY_SOCKET"); }
};

auto place_of(const Record& record, const std::string& begin) -> std::ptrdiff_t {
    const auto found =
        std::find_if(record.calls.begin(), record.calls.end(),
                     [&](const std::string& call) { return call.rfind(begin, 0) == 0; });
    INFO("there is no call " << begin);
    REQUIRE(found != record.calls.end());
    return found - record.calls.begin();
}
auto count_of(const Record& record, const std::string& begin) -> long {
    return std::count_if(record.calls.begin(), record.calls.end(),
                         [&](const std::string& call) { return call.rfind(begin, 0) == 0; });
}

/// In the launcher: the intermediate, 101, stays as the parent of the daemon, 102.
void prepare_staying(Record& record) {
    record.forks = {101};
    record.children = {{101}};
    record.others = {102};
    record.events = {messages::forked(102), messages::ready()};
}

auto serve = [](auto& daemon) {
    daemon.ready("up");
    return 0;
};

} // namespace

TEST_CASE("the launcher tells the manager before it tells the daemon that this is known") {
    const Variable variable{"/run/notify"};
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    CHECK(recording::run(service, serve) == 0);
    const auto told = place_of(record, "tell ");
    CHECK(record.calls.at(static_cast<std::size_t>(told)).find("MAINPID=102 READY=1") !=
          std::string::npos);
    CHECK(place_of(record, "connect ") < place_of(record, "fork"));
    CHECK(told < place_of(record, "send "));
    CHECK(count_of(record, "tell ") == 1); // the rest is the daemon's
}

TEST_CASE("the parent between launcher and daemon is ended before the manager is told") {
    const Variable variable{"/run/notify"};
    Record record;
    prepare_staying(record);
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    CHECK(recording::run(service, serve) == 0);
    CHECK(place_of(record, "subreaper off") < place_of(record, "signal 101 KILL"));
    CHECK(place_of(record, "signal 101 KILL") < place_of(record, "tell "));
    CHECK(place_of(record, "tell ") < place_of(record, "send "));
}

TEST_CASE("what fails between launcher and daemon is said") {
    const Variable variable{"/run/notify"};
    Record record;
    const auto run = [&](auto fork) {
        record.forks = {0};
        return recording::run(Daemonizer{RecordingHost{&record}, fork, SystemdNotify{}}, serve);
    };
    std::string step = "fork", text = "the intermediate's: Resource temporarily unavailable";
    SECTION("two forks: the second one") {
        record.fail("fork", 2, EAGAIN);
        CHECK(run(DoubleFork{}) == 1);
    }
    SECTION("two forks: a new session") {
        record.fail("setsid", 1, EPERM);
        CHECK(run(DoubleFork{}) == 1);
        step = "setsid";
        text = "new session: Operation not permitted";
    }
    SECTION("two forks: the first process of a pid namespace") {
        record.pid = 0;
        CHECK(run(DoubleFork{}) == 1);
        text = "new pid namespace: two forks would end its first process, and with it the daemon; "
               "use SingleFork";
    }
    SECTION("one fork, which is two") {
        record.fail("fork", 2, EAGAIN);
        CHECK(run(SingleFork{}) == 1);
    }
    REQUIRE(!record.sent.empty());
    CHECK(record.sent.back().failure.step() == step);
    CHECK(record.sent.back().failure.text() == text);
    CHECK(record.mistakes.empty());
}

TEST_CASE("a daemon that dies while its parent is ended is no start") {
    struct LosingHost : RecordingHost {
        auto signal(pid_t process, int number) const -> int {
            if (process == 101 && number == SIGKILL)
                record->others.clear();
            return RecordingHost::signal(process, number);
        }
    };
    const Variable variable{"/run/notify"};
    Record record;
    prepare_staying(record);
    CHECK(recording::run(Daemonizer{LosingHost{{&record}}, SystemdNotify{}}, serve) == 1);
    CHECK(record.written[2] ==
          messages::line("daemon: ended before it was ready: how is not known"));
    CHECK(count_of(record, "tell 3 MAINPID") == 0);
}

TEST_CASE("a parent that cannot be ended holds no start up") {
    const Variable variable{"/run/notify"};
    Record record;
    prepare_staying(record);
    record.fail("signal 101", 1, EPERM);
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    CHECK(recording::run(service, serve) == 0);
    CHECK(count_of(record, "signal 101") == 1);
    CHECK(count_of(record, "tell ") == 1);
}

TEST_CASE("without a manager nobody stays between launcher and daemon") {
    const Variable variable{""};
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), messages::ready()};
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    CHECK(recording::run(service, serve) == 0);
    CHECK(count_of(record, "subreaper off") == 0);
    CHECK(count_of(record, "signal 101") == 0);
}

TEST_CASE("the launcher of a daemon that is not ready tells why, before it lets go") {
    const Variable variable{"/run/notify"};
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), recording::Dies{102, CLD_EXITED, 3}};
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    CHECK(recording::run(service, serve) == 3);
    CHECK(count_of(record, "tell ") == 1);
    const auto told = place_of(record, "tell 3 STATUS=ended before it was ready: exit status 3");
    const auto is_close = [](const std::string& call) { return call == "close 3"; };
    CHECK(std::find_if(record.calls.begin() + told, record.calls.end(), is_close) !=
          record.calls.end());
}

TEST_CASE("a launcher that cannot fork tells why") {
    const Variable variable{"/run/notify"};
    Record record;
    record.fail("fork", 1, EIO);
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    CHECK(recording::run(service, serve) == 1);
    CHECK(count_of(record, "tell ") == 1);
    CHECK(count_of(record, "tell 3 ERRNO=5 STATUS=") == 1);
}

TEST_CASE("the daemon connects before it loses its root, and leaves READY to the launcher") {
    const Variable variable{"/run/notify"};
    Record record;
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}, DescriptorNotify{0x7fff}};
    CHECK(recording::run(service, serve) == 0);
    CHECK(count_of(record, "tell 3 READY=1") == 0);
    CHECK(place_of(record, "tell 3 STATUS=up") < place_of(record, "tell 3 STOPPING=1"));
    CHECK(place_of(record, "tell 3 STOPPING=1") < place_of(record, "close 3"));
    CHECK(record.mistakes.empty());
}

TEST_CASE("no error of a supervisor's ends a start without a fork") {
    for (int n = 1;; ++n) {
        const Variable variable{"/run/notify"}; // the daemon loses it
        Record record;
        record.open[9] = 4; // the supervisor's, which has room
        const Daemonizer service{RecordingHost{&record}, NoFork{},        KeepStdio{},
                                 KeepSignals{},          SystemdNotify{}, DescriptorNotify{9}};
        record.fail("", n, EIO);
        const int status = recording::run(service, serve);
        if (record.failed.empty()) {
            CHECK(n > 10);
            CHECK(record.written[9] == "\n");
            CHECK(count_of(record, "tell ") == 3);
            CHECK(std::getenv("NOTIFY_SOCKET") == nullptr);
            break;
        }
        INFO(record.failed << " failed");
        const bool is_the_supervisors = [&] {
            for (const char* const call :
                 {"socket", "connect", "tell", "flags 9", "close_on_exec 9", "write 9", "poll 9"})
                if (record.failed.rfind(call, 0) == 0)
                    return true;
            return false;
        }();
        CHECK(record.mistakes.empty());
        CHECK(record.open.count(3) == 0); // nor does the socket stay
        if (is_the_supervisors) {
            CHECK(status == 0);
            for (const char* const call : {"socket", "connect"})
                if (record.failed.rfind(call, 0) == 0)
                    CHECK(record.written[2].find("notify: /run/notify: Input/output error") !=
                          std::string::npos);
        }
    }
}

TEST_CASE(
    "a signal that is handled while the supervisor's pipe is full does not lose the newline") {
    Record record;
    record.open[9] = 4;
    record.answers_at_once = false;
    record.answers_after = 4; // looks
    record.events = {recording::Interrupts{SIGUSR1}, recording::Interrupts{SIGUSR1},
                     recording::Interrupts{SIGUSR1}};
    const Daemonizer service{RecordingHost{&record}, NoFork{}, KeepStdio{}, KeepSignals{},
                             DescriptorNotify{9}};
    CHECK(recording::run(service, serve) == 0);
    CHECK(record.written[9] == "\n");
    CHECK(count_of(record, "poll 9") == 4);
    CHECK(record.mistakes.empty());
}

TEST_CASE("where a watchdog's descriptor cannot be made, that of the signals is there") {
    struct Refused {
        const char* call;
        int which;
    };
    const Refused refused = GENERATE(Refused{"timer", 1}, Refused{"poll_set", 1},
                                     Refused{"add_to_poll_set", 1}, Refused{"add_to_poll_set", 2});
    CAPTURE(refused.call, refused.which);
    ::setenv("WATCHDOG_USEC", "2000000", 1);
    Record record;
    const Daemonizer service{RecordingHost{&record}, NoFork{},        KeepStdio{},
                             SignalFd<SIGTERM>{},    SystemdNotify{}, Watchdog{}};
    const int status = recording::run(service, [&](auto& daemon) {
        daemon.ready();
        const auto before = record.open;
        record.fail(refused.call, refused.which, EMFILE);
        constexpr ino_t of_signals = 3, of_set = 79; // as the host makes them
        CHECK(record.open[daemon.descriptor()] == of_signals);
        CHECK(record.open == before);
        CHECK(count_of(record, "set_timer") == 0);
        const int made = daemon.descriptor(); // the next time all of it can be had
        CHECK(record.open[made] == of_set);
        CHECK(count_of(record, "set_timer") == 1);
        CHECK(daemon.descriptor() == made);
        return 0;
    });
    ::unsetenv("WATCHDOG_USEC");
    CHECK(status == 0);
    CHECK(record.failed != "");
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}
