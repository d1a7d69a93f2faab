// SPDX-License-Identifier: BSL-1.0
// How far a start has come, and how it ends: what the terminal shows, and what a supervisor is
// told, by the launcher, by a daemon, and where AutoFork finds that nobody forks.
#include "catch.hpp"
#include "messages.hpp"

#include <cstdlib>
#include <optional>
#include <pthread.h>
#include <thread>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

const std::string clear = "\r\033[K";

auto shown(const std::string& text) -> std::string {
    return clear + program_invocation_short_name + ": " + text;
}

/// The process is one that a supervisor has started, with a socket to speak to it.
struct Supervised {
    Supervised() {
        ::setenv("LISTEN_PID", "100", 1);
        ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
    }
    Supervised(const Supervised&) = delete;
    auto operator=(const Supervised&) -> Supervised& = delete;
    ~Supervised() {
        ::unsetenv("LISTEN_PID");
        ::unsetenv("NOTIFY_SOCKET");
    }
};
struct WithSocket {
    WithSocket() { ::setenv("NOTIFY_SOCKET", "/run/notify", 1); }
    WithSocket(const WithSocket&) = delete;
    auto operator=(const WithSocket&) -> WithSocket& = delete;
    ~WithSocket() { ::unsetenv("NOTIFY_SOCKET"); }
};

auto count(const Record& record, const std::string& begin) -> long {
    return std::count_if(record.calls.begin(), record.calls.end(),
                         [&](const std::string& call) { return call.rfind(begin, 0) == 0; });
}
/// The place of the first call with these words, which must be there.
auto place(const Record& record, const std::string& words) -> std::ptrdiff_t {
    const auto& calls = record.calls;
    const auto found = std::find_if(calls.begin(), calls.end(), [&](const std::string& call) {
        return call.find(words) != std::string::npos;
    });
    INFO("there is no call with " << words);
    REQUIRE(found != calls.end());
    return found - calls.begin();
}

/// All that was written, whatever the number of the terminal's descriptor.
auto all_written(const Record& record) -> std::string {
    std::string all;
    for (const auto& [fd, text] : record.written)
        all += text;
    return all;
}

/// A step that fails when nothing comes after it any more.
struct FailsLast {
    struct slot : own_slot {
        static constexpr const char* name = "last";
    };
    struct Step : step<phase::named> {
        static constexpr const char* name = "last";
        static auto run(const auto& start, const auto&) -> bool { return start.fail("it", EIO); }
    };
    using steps = step_list<Step>;
};

/// A step in which the thread ends.
struct EndsThread {
    struct slot : own_slot {
        static constexpr const char* name = "ends";
    };
    struct Step : step<phase::session> {
        static constexpr const char* name = "ends";
        static auto run(const auto&, const auto&) -> bool { ::pthread_exit(nullptr); }
    };
    using steps = step_list<Step>;
};

/// What a policy has been told, and how often.
struct Heard {
    int ready = 0, status = 0, failed = 0, stopping = 0;
};
/// Counts what it is told.
struct Hears {
    struct slot : own_slot {
        static constexpr const char* name = "hears";
    };
    using steps = step_list<>;
    inline static Heard heard;

    static void on(event::ready, const auto&, const Hears&, auto&) { ++heard.ready; }
    static void on(event::status, const auto&, const Hears&, auto&) { ++heard.status; }
    static void on(event::failed, const auto&, const Hears&, auto&) { ++heard.failed; }
    static void on(event::stopping, const auto&, const Hears&, auto&) { ++heard.stopping; }
};

} // namespace

TEST_CASE("without a fork each status replaces the one before, and ready removes it") {
    Record record;
    record.terminal_width = 200;
    const auto body = [&](auto& daemon) {
        daemon.status("loads");
        CHECK(all_written(record) == shown("loads"));
        daemon.status(std::string{"counts"});
        daemon.ready();
        CHECK(all_written(record) == shown("loads") + shown("counts") + clear);
        daemon.status("serves"); // no start any more
        CHECK(all_written(record) == shown("loads") + shown("counts") + clear);
        return 3;
    };
    SECTION("on the terminal of the start, which is kept until then") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, NoFork{}}, body) == 3);
        CHECK(record.written[2].empty());
    }
    SECTION("on stderr where that stays") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}}, body) == 3);
        CHECK(record.written.size() == 1);
    }
    SECTION("also where AutoFork stays") {
        const Supervised supervised;
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}}, body) == 3);
        CHECK(record.written.size() == 1);
        CHECK(record.written.count(2) == 1); // as the supervisor gave it
    }
    CHECK(record.sent.empty());
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("a status is removed before a failure is said in its place") {
    Record record;
    record.terminal_width = 200;
    const auto body = [&](auto& daemon) {
        daemon.status("loads");
        return daemon.fail(3, "no table");
    };
    SECTION("NoFork") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, NoFork{}}, body) == 3);
    }
    SECTION("AutoFork that stays") {
        const Supervised supervised;
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}}, body) == 3);
    }
    CHECK(all_written(record) ==
          shown("loads") + clear + messages::line("daemon: not ready: no table"));
    CHECK(record.sent.empty());
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a daemon's status goes to the launcher until it is ready, and a worker's to nobody") {
    Record record;
    record.terminal_width = 200;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [&](auto& daemon) {
              daemon.status("loads");
              CHECK(count(record, "tell ") == 1);
              CHECK(record.calls.back().find("loads") != std::string::npos);
              const pid_t self = record.pid;
              CHECK(daemon.pid() == self);
              record.pid = 4711;
              CHECK(daemon.pid() == 4711);
              daemon.status("works");
              record.pid = self;
              daemon.ready();
              daemon.status("serves");
              CHECK(count(record, "tell ") == 1);
          }) == 0);
    CHECK(record.written.empty());
}

TEST_CASE("the launcher shows each status, and removes the line at the end") {
    Record record;
    record.terminal_width = 200;
    record.forks = {101};
    record.descendants = {{102}};
    const auto status = messages::bytes(
        detail::StatusReport{{messages::ReportHead::kind::status}, "loads its tables"});
    const auto body = [](auto& daemon) {
        daemon.status("names it, so that a launcher has the code");
        return 0;
    };
    const auto start = [&] {
        return recording::run(Daemonizer{RecordingHost{&record}, SystemdNotify{}}, body);
    };
    const WithSocket environment;
    SECTION("of a start that works") {
        record.events = {messages::forked(102), status, messages::ready()};
        CHECK(start() == 0);
        CHECK(record.written[2] == shown("loads its tables") + clear);
        CHECK(place(record, "tell 3 STATUS=loads its tables") < place(record, "READY=1"));
        // The daemon may know only once the terminal is as it was.
        const auto last = std::find(record.calls.rbegin(), record.calls.rend(), "write 2");
        CHECK(record.calls.rend() - last - 1 < place(record, " taken"));
    }
    SECTION("of one that fails") {
        record.events = {messages::forked(102), status,
                         messages::failed(messages::failure("daemon", "not ready", "no", 0, 3))};
        CHECK(start() == 3);
        CHECK(record.written[2] ==
              shown("loads its tables") + clear + messages::line("daemon: not ready: no"));
    }
    SECTION("cut, where it comes in a message that is too long for one") {
        record.terminal_width = 1000;
        const messages::ReportHead head{messages::ReportHead::kind::status};
        auto longest = messages::bytes(head);
        longest.message.resize(sizeof(detail::Report), 'x');
        record.events = {messages::forked(102), longest, messages::ready()};
        CHECK(start() == 0);
        CHECK(record.written[2] ==
              shown(std::string(sizeof detail::StatusReport::text - 1, 'x')) + clear);
    }
    SECTION("and what is none is not understood") {
        auto other = status;
        const int unknown = 77;
        std::memcpy(other.message.data(), &unknown, sizeof unknown);
        record.events = {messages::forked(102), other};
        CHECK(start() == 1);
        CHECK(record.written[2] ==
              messages::line("report: message from the daemon: cannot be understood"));
        CHECK(count(record, "tell 3 STATUS=loads") == 0);
    }
}

TEST_CASE("a supervisor hears a status from one process alone") {
    const WithSocket environment;
    Record record;
    const auto told = [&] { return count(record, "tell 3 STATUS="); };
    SECTION("before ready from the launcher, then from the daemon") {
        CHECK(
            recording::run(Daemonizer{RecordingHost{&record}, SystemdNotify{}}, [&](auto& daemon) {
                daemon.status("loads");
                CHECK(told() == 0);
                daemon.ready();
                CHECK(told() == 0);
                daemon.status("serves");
                CHECK(told() == 1);
                const pid_t self = record.pid;
                record.pid = 4711;
                daemon.status("works");
                CHECK(told() == 1);
                record.pid = self;
            }) == 0);
    }
    SECTION("without a fork always from this one") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, NoFork{}, SystemdNotify{}},
                             [&](auto& daemon) {
                                 daemon.status("loads");
                                 CHECK(told() == 1);
                                 daemon.ready();
                                 daemon.status("serves");
                                 CHECK(told() == 2);
                             }) == 0);
    }
}

TEST_CASE("a supervisor hears of each further ready, but of none after a failure or of a worker") {
    const WithSocket environment;
    Record record;
    const auto told = [&] { return count(record, "tell 3 STATUS="); };
    const auto run = [&](auto body) {
        return recording::run(Daemonizer{RecordingHost{&record}, SystemdNotify{}}, body);
    };
    SECTION("ready") {
        CHECK(run([&](auto& daemon) {
                  daemon.ready();
                  daemon.ready("again");
                  CHECK(told() == 1);
                  const pid_t self = record.pid;
                  record.pid = 4711;
                  daemon.ready("not mine");
                  record.pid = self;
                  CHECK(told() == 1);
              }) == 0);
    }
    SECTION("failed") {
        CHECK(run([&](auto& daemon) {
                  const int status = daemon.fail(3, "no");
                  const auto before = told();
                  daemon.ready("too late");
                  CHECK(told() == before);
                  return status;
              }) == 3);
    }
}

TEST_CASE("a supervisor hears a failure after ready from the daemon, and not from a worker") {
    const WithSocket environment;
    Record record;
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, SystemdNotify{}}, [&](auto& daemon) {
              daemon.ready();
              const pid_t self = record.pid;
              record.pid = 4711;
              daemon.fail(4, "a worker's");
              record.pid = self;
              CHECK(count(record, "tell 3 STATUS=") == 0);
              return daemon.fail(4, "no space");
          }) == 4);
    CHECK(count(record, "tell 3 STATUS=failed: no space") == 1);
}

TEST_CASE("a daemon that was ready says once that it ends, before it gives back what it holds") {
    const WithSocket environment;
    Record record;
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}, PidFile<"/x.pid">{}};
    SECTION("of a body that takes nothing") {
        CHECK(recording::run(service, [] { return 3; }) == 3);
    }
    SECTION("of one that takes the daemon") {
        CHECK(recording::run(service, [](auto& daemon) { daemon.ready(); }) == 0);
    }
    CHECK(count(record, "tell 3 STOPPING=1") == 1);
    CHECK(place(record, "STOPPING=1") < place(record, "unlink /x.pid"));
    CHECK(count(record, "unlink /x.pid") == 1);
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("who never was ready, or is a worker, does not say that the daemon ends") {
    const WithSocket environment;
    Record record;
    const Daemonizer service{RecordingHost{&record}, SystemdNotify{}};
    SECTION("never ready") {
        CHECK(recording::run(service, [](auto& daemon) { return daemon.fail(3, "no"); }) == 3);
    }
    SECTION("a worker that returns from the body") {
        CHECK(recording::run(service, [&](auto& daemon) {
                  daemon.ready();
                  record.pid = 4711;
                  return 3;
              }) == 3);
    }
    SECTION("or from one that takes nothing") {
        CHECK(recording::run(service, [&] {
                  record.pid = 4711;
                  return 3;
              }) == 3);
    }
    CHECK(count(record, "tell 3 STOPPING=1") == 0);
}

TEST_CASE("where AutoFork stays the program itself is told, and nobody else") {
    const Supervised supervised;
    Record record;
    SECTION("that the body has not been ready") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}},
                             [](auto&) { return 0; }) == 1);
        CHECK(record.written[2] == messages::line("daemon: ended before it was ready: status 0"));
    }
    SECTION("that a step has failed") {
        record.fail("write_at", 1, EIO);
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}, SystemdNotify{},
                                        PidFile<"/x.pid">{}},
                             [] { return 0; }) == 1);
        CHECK(record.written[2] == messages::line("pid file: /x.pid: Input/output error"));
        CHECK(count(record, "leave") == 0);
        CHECK(count(record, "tell 3 ERRNO=5 STATUS=") == 1);
    }
    SECTION("but not what a worker says of ready") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}}, [&](auto& daemon) {
                  record.pid = 4711;
                  daemon.ready();
                  CHECK(record.written.empty());
                  record.pid = 100;
                  daemon.ready();
                  return 0;
              }) == 0);
        CHECK(record.written.empty());
    }
    SECTION("with the signals that the starter had blocked") {
        record.blocked_before = {SIGUSR1};
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}, KeepSignals{}},
                             [&] { CHECK(count(record, "mask USR1") == 1); }) == 0);
    }
    SECTION("or with none") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}},
                             [&] { CHECK(count(record, "mask nothing") == 1); }) == 0);
    }
    CHECK(record.sent.empty());
    CHECK(count(record, "fork") == 0);
}

TEST_CASE("where AutoFork forks its launcher says what went wrong") {
    const WithSocket environment; // of a shell below a service, which is no supervisor of this
    ::setenv("SYSTEMD_EXEC_PID", "99", 1);
    Record record;
    SECTION("in the body") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}},
                             [](auto&) { return 0; }) == 0);
    }
    SECTION("in a step") {
        record.fail("write_at", 1, EIO);
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}, SystemdNotify{},
                                        PidFile<"/x.pid">{}},
                             [] { return 0; }) == 1);
        CHECK(count(record, "tell ") == 0);
        CHECK(count(record, "leave_at_once") == 1);
    }
    ::unsetenv("SYSTEMD_EXEC_PID");
    CHECK(record.sent.size() == 1);
    CHECK(record.written.empty());
}

TEST_CASE("a step that fails once stdio was replaced is said on the terminal of the start") {
    Record record;
    auto result =
        Daemonizer{RecordingHost{&record}, NoFork{}, LogStdio<"/x.log">{}, FailsLast{}}.start();
    REQUIRE_FALSE(result);
    CHECK(result.error().text() == std::string{"it: Input/output error"});
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.open.at(2) == 1); // the file that 0 to 2 began with
    CHECK(record.mistakes.empty());
}

TEST_CASE("a policy hears the daemon's events, each once, and nothing of a worker's") {
    Record record;
    Hears::heard = {};
    const auto& heard = Hears::heard;
    const Daemonizer service{RecordingHost{&record}, Hears{}};
    const bool takes_daemon = GENERATE(true, false);
    const bool is_worker = GENERATE(true, false); // who returns
    if (takes_daemon) {
        CHECK(recording::run(service, [&](auto& daemon) {
                  daemon.ready();
                  daemon.status("serves");
                  daemon.fail(3, "no space");
                  CHECK(heard.ready == 1);
                  CHECK(heard.status == 1);
                  CHECK(heard.failed == 1);
                  const pid_t self = record.pid;
                  record.pid = 4711;
                  daemon.ready();
                  daemon.status("works");
                  daemon.fail(3, "no work");
                  if (!is_worker)
                      record.pid = self;
                  return 3;
              }) == 3);
        CHECK(heard.status == 1);
        CHECK(heard.failed == 1);
    } else {
        CHECK(recording::run(service, [&] {
                  if (is_worker)
                      record.pid = 4711;
                  return 3;
              }) == 3);
    }
    CHECK(heard.ready == 1);
    CHECK(heard.stopping == (is_worker ? 0 : 1));
}

TEST_CASE("where AutoFork stays a failure before ready is said on stderr, not in the log") {
    const Supervised supervised;
    Record record;
    record.knows_one_thread = false;
    record.tasks = 7; // threads are no matter to who does not fork
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, AutoFork{}, Syslog<"x">{}},
                         [](auto& daemon) { return daemon.fail(3, "no"); }) == 3);
    CHECK(record.written[2] == messages::line("daemon: not ready: no"));
    CHECK(count(record, "log daemon") == 0);
}

TEST_CASE("in the launcher of start() what is no status is not understood") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    record.events = {messages::forked(102), recording::Arrives{std::string(20, 'x')}};
    const auto result = Daemonizer{RecordingHost{&record}}.start();
    REQUIRE_FALSE(result);
    CHECK(result.error().text() == std::string{"message from the daemon: cannot be understood"});
}

#if defined(__cpp_exceptions)
TEST_CASE("a thread that ends in a step without a fork is said, and what was acquired goes back") {
    const bool stays = GENERATE(true, false);
    const bool runs = GENERATE(true, false); // or the program calls start(), and says it itself
    std::optional<Supervised> supervised;
    if (stays)
        supervised.emplace();
    Record record;
    detail::pid_files_of_this_process = {};
    const auto start = [&](auto fork) {
        const Daemonizer service{RecordingHost{&record}, fork, KeepStdio{}, PidFile<"/x.pid">{},
                                 EndsThread{}};
        if (runs)
            static_cast<void>(service.run([] {}));
        else
            static_cast<void>(service.start());
    };
    std::thread{[&] { stays ? start(AutoFork{}) : start(NoFork{}); }}.join();
    CHECK(record.written[2] ==
          (runs ? messages::line("ends: thread: has ended in this step") : ""));
    CHECK(count(record, "unlink /x.pid") == 1);
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(count(record, "leave") == 0); // other threads may go on
    CHECK(record.mistakes.empty());
}
#endif
