// SPDX-License-Identifier: BSL-1.0
// What a monitor makes of the end of its daemon, of signals, and of what the next one says.
#include "catch.hpp"
#include "messages.hpp"

#include <cstdlib>

using namespace daemonizer;
using recording::Dies, recording::Interrupts, recording::Record, recording::RecordingHost;
using Texts = std::vector<std::string>;

namespace {

constexpr pid_t launcher = 100, monitor = 101, first = 102, second = 103, third = 104, fourth = 105;
constexpr long long second_long = 1'000'000'000;

std::vector<detail::Handover> handed_over;
bool hears_nothing = false; ///< the daemon, when it is told that it is known

/// Keeps what a restarted daemon would read.
struct Host : RecordingHost {
    auto send(int fd, const void* from, std::size_t size) const -> long {
        if (size == sizeof(detail::Handover)) {
            const int error = record->call("hand over", fd);
            handed_over.push_back(*static_cast<const detail::Handover*>(from));
            return error < 0 ? error : static_cast<long>(size);
        }
        if (size == 1 && hears_nothing)
            return -EPIPE;
        return RecordingHost::send(fd, from, size);
    }
};

/// What /proc tells of the program.
void prepare(Record& record) {
    handed_over.clear();
    record.files["/proc/self/cmdline"] = {50};
    record.files["/proc/self/environ"] = {51};
    record.files["/proc/self/exe"] = record.files["./program"] = {52};
    record.contents["/proc/self/cmdline"] = std::string{"program\0", 8};
    record.contents["/proc/self/environ"] = std::string{"HOME=/root\0", 11};
}

auto run_only(Record& record, auto... policies) -> int {
    if (record.pid == launcher) { // its child stays as the monitor's parent: a manager is told
        record.pid = launcher - 1;
        record.forks.insert(record.forks.begin(), 0);
    }
    ::setenv("NOTIFY_SOCKET", "/run/notify", 1);
    const Daemonizer service{Host{{&record}},   SingleFork{},    Monitor<2, 60>{},
                             StartTimeout<5>{}, SystemdNotify{}, SignalFd<SIGUSR1>{},
                             policies...};
    const int status = recording::run(service, [&](auto& daemon) {
        record.call("serves");
        daemon.ready();
    });
    ::unsetenv("NOTIFY_SOCKET");
    CHECK(record.mistakes.empty());
    return status;
}

auto run(Record& record, auto... policies) -> int {
    return run_only(record, PidFile{"/run/x.pid"}, policies...);
}

/// In the monitor: its daemon is ready, and then happens what `events` says.
auto monitor_of(Record& record, std::vector<recording::Event> events, auto... policies) -> int {
    prepare(record);
    if (record.forks.empty())
        record.forks = {0, first, second, third, fourth};
    record.events = {messages::by(first, messages::ready())};
    record.events.insert(record.events.end(), events.begin(), events.end());
    const Record before = record;
    const int status = run(record, policies...);
    // The same again in each child that becomes a program: what that is told is in `handed_over`.
    for (std::size_t child = 2; child < before.forks.size(); ++child) {
        Record again = before;
        again.forks[child] = 0;
        if (run(again, policies...) != RecordingHost::executed)
            break;
    }
    return status;
}

/// In a program that the monitor has executed.
auto program_of(Record& record, bool is_last_word, auto... policies) -> int {
    prepare(record);
    record.pid = second;
    record.parent = monitor;
    record.files["/run/x.pid"] = {70};
    record.open = {{0, 1}, {1, 1}, {2, 1}, {7, 70}, {9, 4}};
    const detail::Handover handover{detail::Handover::of_monitor,
                                    monitor,
                                    7,
                                    -1,
                                    is_last_word,
                                    false,
                                    messages::failure("monitor", "daemon", "was killed", 0, 1)};
    record.peers[9] = monitor;
    record.unread[9] = std::string(reinterpret_cast<const char*>(&handover), sizeof handover);
    ::setenv("DAEMONIZER_HANDOVER", "9", 1);
    const int status = run(record, policies...);
    ::unsetenv("DAEMONIZER_HANDOVER");
    return status;
}

/// A step of the launcher's that fails.
struct FailsFirst {
    struct slot : own_slot {
        static constexpr const char* name = "first";
    };
    struct Step : step<phase::check> {
        static constexpr const char* name = "first";
        static auto run(const auto& start, const auto&) -> bool { return start.fail("it", EIO); }
    };
    using steps = step_list<Step>;
};

auto reasons() -> Texts {
    Texts texts;
    for (const auto& handover : handed_over)
        texts.push_back(std::string{handover.reason.step()} + ": " + handover.reason.text() +
                        (handover.is_last_word ? " (last)" : ""));
    return texts;
}

auto count(const Record& record, const std::string& begin) -> long {
    return std::count_if(record.calls.begin(), record.calls.end(),
                         [&](const std::string& call) { return call.rfind(begin, 0) == 0; });
}
auto place(const Record& record, const std::string& words) -> std::ptrdiff_t {
    const auto found =
        std::find_if(record.calls.begin(), record.calls.end(), [&](const std::string& call) {
            return call.find(words) != std::string::npos;
        });
    INFO("there is no call with " << words);
    REQUIRE(found != record.calls.end());
    return found - record.calls.begin();
}

const auto crash = Dies{first, CLD_KILLED, SIGSEGV};
/// The first daemon crashes, and then a restarted one dies before it is ready. A worker's word is
/// nobody's: what follows it comes once the report is open, and at the end two words are heard.
auto dies(pid_t restarted, int code, int status) -> std::vector<recording::Event> {
    const auto word = messages::by(4711, messages::ready());
    return {crash, word, Dies{restarted, code, status}, word, word};
}
const auto ready = messages::by(second, messages::ready());
const auto term = Interrupts{SIGTERM};

} // namespace

TEST_CASE("a crash is followed by another daemon, which learns why") {
    Record record;
    std::string reason = "was killed: Segmentation fault, signal 11";
    int status = 128 + SIGTERM;
    SECTION("by a signal") { CHECK(monitor_of(record, {crash, ready, term}) == status); }
    SECTION("by a status") {
        reason = "has ended with status 3";
        CHECK(monitor_of(record, {Dies{first, CLD_EXITED, 3}, ready, term}) == status);
    }
    CHECK(reasons() == Texts{"monitor: daemon: " + reason + "; started again, restart 1"});
    CHECK(handed_over.at(0).mark == detail::Handover::of_monitor);
    CHECK(handed_over[0].monitor == monitor);
    CHECK(handed_over[0].pid_file == 4); // after the socket of the notify policy
    // With the manager knowing of each step.
    CHECK(place(record, "STATUS=daemon: " + reason) < place(record, "READY=1"));
    CHECK(count(record, "signal 103 TERM") == 1);
    CHECK_FALSE(record.has_file("/run/x.pid"));
}

TEST_CASE("without a pid file none is handed over") {
    Record record;
    prepare(record);
    record.forks = {0, first, 0};
    record.events = {messages::by(first, messages::ready()), crash};
    CHECK(run_only(record) == RecordingHost::executed);
    REQUIRE(handed_over.size() == 1);
    CHECK(handed_over[0].pid_file == -1);
}

TEST_CASE("a daemon that ends with 0 after it was ready has ended for good") {
    Record record;
    CHECK(monitor_of(record, {Dies{first, CLD_EXITED, 0}}) == 0);
    CHECK(handed_over.empty());
    CHECK_FALSE(record.has_file("/run/x.pid"));
    CHECK(record.children.empty());
}

TEST_CASE("a signal that comes together with the daemon's end is nobody's") {
    Record record;
    const int signal = GENERATE(SIGTERM, SIGUSR1); // both are looked at before SIGCHLD
    record.pending_after_taken = signal;
    CHECK(monitor_of(record, {Dies{first, CLD_EXITED, 0}}) == 0); // and not 128 + SIGTERM
    CHECK(record.pending.count(signal) == 0);                     // the monitor has taken it
    CHECK(count(record, "signal 102 " + recording::signal_name(signal)) == 0);
    CHECK(count(record, "fork") == 3);
    CHECK_FALSE(record.has_file("/run/x.pid"));
    CHECK(record.children.empty());
}

TEST_CASE("a restarted daemon that ends with 0 before it is ready is started again") {
    Record record;
    auto events = dies(second, CLD_EXITED, 0);
    events.push_back(messages::by(third, messages::ready()));
    events.push_back(term);
    CHECK(monitor_of(record, events) == 128 + SIGTERM);
    REQUIRE(reasons().size() == 2);
    CHECK(reasons()[1] == "monitor: daemon: has ended with status 0; started again, restart 2");
}

TEST_CASE("the monitor gives up after as many restarts, with the daemon's status") {
    Record record;
    const bool killed = GENERATE(true, false); // 1 for one that has ended with 0, and was not ready
    const int code = killed ? CLD_KILLED : CLD_EXITED, status = killed ? SIGSEGV : 0;
    auto events = dies(second, code, status);
    const auto more = dies(third, code, status);
    events.insert(events.end(), more.begin() + 1, more.end());
    const bool speaks = GENERATE(true, false); // the process that says the last word
    if (speaks)
        events.push_back(Dies{fourth, CLD_EXITED, 0});
    CHECK(monitor_of(record, events) == (killed ? 128 + SIGSEGV : 1));
    REQUIRE(reasons().size() == 3);
    CHECK(reasons()[2].find("; given up after restart 2 (last)") != std::string::npos);
    CHECK(handed_over[2].pid_file == 4);
    CHECK(place(record, "; given up after restart 2") > place(record, "STATUS=daemon: "));
    CHECK_FALSE(record.has_file("/run/x.pid"));
    CHECK(record.children.empty());
    if (speaks) {
        CHECK(count(record, "signal 105 KILL") == 0);
        CHECK(record.time < 2 * second_long);
    } else { // it is not waited for for ever
        CHECK(count(record, "signal 105 KILL") == 1);
        CHECK(record.time > 5 * second_long);
        CHECK(record.time < 7 * second_long);
    }
}

TEST_CASE("why a restarted daemon has failed is what it has said") {
    Record record;
    auto events = dies(second, CLD_EXITED, 4);
    events[1] = messages::by(
        second, messages::failed(messages::failure("log", "/x.log", "no such directory", 2, 4)));
    events.push_back(messages::by(third, messages::ready()));
    events.push_back(Dies{third, CLD_EXITED, 9});
    events.push_back(Dies{fourth, CLD_EXITED, 0});
    CHECK(monitor_of(record, events) == 9);
    REQUIRE(reasons().size() == 3);
    CHECK(reasons()[1] == "monitor: daemon not started: log: /x.log: no such directory; started "
                          "again, restart 2");
    // What the second one has said is not the third one's reason.
    CHECK(reasons()[2] ==
          "monitor: daemon: has ended with status 9; given up after restart 2 (last)");
}

TEST_CASE("a restarted daemon that is not ready in time is ended, and the next one is started") {
    Record record;
    CHECK(monitor_of(record, {crash}) == 124);
    REQUIRE(reasons().size() == 3);
    CHECK(reasons()[1] ==
          "monitor: daemon: not ready after 5 s, and ended; started again, restart 2");
    CHECK(count(record, "signal 103 TERM") + count(record, "signal 103 KILL") != 0);
    CHECK(record.time > 10 * second_long);
}

TEST_CASE("a daemon that cannot be forked is tried again later") {
    Record record;
    SECTION("no process") { record.fail("fork", 4, EMFILE); }
    SECTION("no report") { record.fail("socket_pair", 3, EMFILE); }
    record.forks = {0, first, second, third};
    CHECK(monitor_of(record, {crash, ready, term}) == 128 + SIGTERM);
    CHECK(record.failed != "");
    REQUIRE(!reasons().empty());
    CHECK(reasons().back() == "monitor: daemon not started: Too many open files; started again, "
                              "restart 2");
    CHECK(record.descriptors_above_stdio().size() < 6);
}

TEST_CASE("a signal that the daemon collects waits until the next daemon is ready") {
    Record record;
    SECTION("while there is none") {
        monitor_of(record, {crash, Interrupts{SIGUSR1}, ready, term});
    }
    SECTION("and goes to one that is at once") {
        monitor_of(record, {Interrupts{SIGUSR1}, crash, ready, term});
        CHECK(count(record, "signal 102 USR1") == 1);
        CHECK(count(record, "signal 103 USR1") == 0);
        return;
    }
    CHECK(count(record, "signal 103 USR1") == 1);
    CHECK(place(record, "signal 103 USR1") > place(record, " taken"));
    CHECK(count(record, "signal 102 USR1") == 0);
}

TEST_CASE("a signal that ends a daemon without a monitor ends both") {
    Record record;
    const int signal = GENERATE(SIGTERM, SIGHUP, SIGINT, SIGQUIT);
    CHECK(monitor_of(record, {Interrupts{signal}}) == 128 + signal);
    CHECK(handed_over.empty());
    CHECK(count(record, "signal 102 ") == 1);
    CHECK_FALSE(record.has_file("/run/x.pid"));
}

TEST_CASE("who is asked to end while no daemon runs ends with the last one's status") {
    Record record;
    CHECK(monitor_of(record, {crash, term}) == 128 + SIGSEGV);
    CHECK(handed_over.empty());
    CHECK(count(record, "signal 102 TERM") == 0); // a dead daemon gets nothing
}

TEST_CASE("the monitor buries what its daemon leaves behind, and goes on") {
    Record record;
    record.descendants = {};
    const auto orphan = [&] { record.children.push_back({110, CLD_EXITED, 0}); };
    orphan();
    CHECK(monitor_of(record, {Interrupts{SIGCHLD}, Dies{first, CLD_EXITED, 0}}) == 0);
    CHECK(record.children.empty());
}

TEST_CASE("what a restart's report says is heard from the daemon alone") {
    Record record;
    const RecordingHost host{&record};
    record.open[5] = 4;
    detail::RestartReport report;
    report.end.fd = 5;
    std::string text;
    bool restarted = false;
    const auto hear = [&](recording::Arrives message) {
        record.events = {std::move(message)};
        record.calls.clear();
        return report.hear_ready(
            host, second,
            [&](detail::Report& other) {
                CHECK(detail::StatusReport::is_in(other));
                text = detail::StatusReport::text_in(other);
            },
            [&] {
                restarted = true;
                CHECK(count(record, "send 5") == 0);
            });
    };
    const auto failed = messages::failed(messages::failure("log", "/x", "full", 28, 2));
    CHECK_FALSE(hear(messages::by(first, messages::ready())));
    CHECK_FALSE(hear(messages::by(first, failed)));
    CHECK_FALSE(report.has_failed);
    CHECK_FALSE(restarted);
    CHECK_FALSE(hear(messages::by(second, messages::bytes(detail::StatusReport{
                                              {messages::ReportHead::kind::status}, "loads"}))));
    CHECK(text == "loads");
    CHECK_FALSE(hear(messages::by(second, failed)));
    CHECK(report.has_failed);
    CHECK(report.failure.text() == std::string{"/x: full"});
    CHECK(report.end.fd == 5);
    SECTION("ready") {
        CHECK(hear(messages::by(second, messages::ready())));
        CHECK(restarted);
        CHECK(count(record, "send 5 taken") == 1);
        CHECK(report.end.fd == -1);
        CHECK_FALSE(hear(messages::by(second, messages::ready())));
        CHECK(record.calls.empty());
    }
    SECTION("ready, but it is gone before it knows") {
        record.open.erase(5);
        CHECK_FALSE(hear(messages::by(second, messages::ready())));
        record.open[5] = 4;
    }
    SECTION("ready, and before that that it has closed its end with something unread") {
        record.fail("receive", 1, ECONNRESET);
        CHECK(hear(messages::by(second, messages::ready())));
    }
    SECTION("closed") {
        CHECK_FALSE(hear(messages::closed()));
        CHECK(report.end.fd == -1);
        CHECK(count(record, "close 5") == 1);
    }
    SECTION("what cannot be read") {
        record.fail("receive", 1, EIO);
        CHECK_FALSE(hear(messages::by(second, messages::ready())));
        CHECK(report.end.fd == -1);
    }
    report.reset(host);
    CHECK_FALSE(report.has_failed);
    CHECK(record.open.count(5) == 0);
    CHECK(record.mistakes.empty());
}

TEST_CASE("what a handover says is believed of the parent alone") {
    detail::Handover handover{detail::Handover::of_monitor,
                              monitor,
                              7,
                              -1,
                              false,
                              false,
                              messages::failure("monitor", "daemon", "was\nkilled", 0, 1)};
    Record record;
    record.pid = second;
    record.parent = monitor;
    record.open[9] = 4;
    record.peers[9] = monitor;
    std::size_t size = sizeof handover;
    const auto receive = [&](bool named = true) {
        record.unread[9] = std::string(reinterpret_cast<const char*>(&handover), size);
        if (named)
            ::setenv("DAEMONIZER_HANDOVER", "9", 1);
        detail::Handover received{};
        const int fd = detail::receive_handover(RecordingHost{&record}, received);
        ::unsetenv("DAEMONIZER_HANDOVER");
        if (fd >= 0)
            CHECK(received.reason.text() == std::string{"daemon: was?killed"});
        return fd;
    };
    SECTION("as it should be") {
        std::memcpy(const_cast<char*>(std::strchr(handover.reason.text(), '?')), "\n", 1);
        CHECK(receive() == 9);
        CHECK(count(record, "close_on_exec 9") == 1);
    }
    SECTION("no variable") { CHECK(receive(false) == -1); }
    SECTION("another's socket") {
        record.peers[9] = 4711;
        CHECK(receive() == -1);
    }
    SECTION("no parent that has a number here, and no peer") {
        record.parent = 0;
        handover.monitor = 0;
        record.peers[9] = 0;
        CHECK(receive() == -1);
    }
    SECTION("a piece of a message") {
        size -= 1;
        CHECK(receive() == -1);
    }
    SECTION("another message") {
        handover.mark += 1;
        CHECK(receive() == -1);
    }
    SECTION("another monitor's") {
        handover.monitor = 4711;
        CHECK(receive() == -1);
    }
}

TEST_CASE("a monitor that cannot leave the terminal undoes, and tells the launcher why") {
    Record record;
    prepare(record);
    record.forks = {0, first};
    record.events = {messages::by(first, messages::ready())};
    record.fail("dup2", 1, EIO);
    CHECK(run(record) == 1);
    REQUIRE(!record.sent.empty());
    CHECK(record.sent.back().failure.step() == std::string{"monitor"});
    CHECK(record.sent.back().failure.text() == std::string{"/dev/null: Input/output error"});
    CHECK(place(record, "unlink /run/x.pid") < place(record, " failed"));
    CHECK_FALSE(record.has_file("/run/x.pid"));
    CHECK(record.children.empty());
}

TEST_CASE("a monitor that cannot fork says so") {
    Record record;
    prepare(record);
    record.forks = {0};
    record.fail("fork", 3, EAGAIN);
    CHECK(run(record) == 1);
    REQUIRE(!record.sent.empty());
    CHECK(record.sent.back().failure.step() == std::string{"fork"});
    CHECK(record.sent.back().failure.text() ==
          std::string{"the monitor's: Resource temporarily unavailable"});
}

TEST_CASE("a first daemon that cannot be told that it is known is ended, and started again") {
    Record record;
    hears_nothing = true;
    monitor_of(record, {term});
    hears_nothing = false;
    CHECK(count(record, "signal 102 KILL") == 2); // and then all that it has left
}

TEST_CASE("a first daemon whose word nobody understands is ended, and the launcher is told") {
    Record record;
    prepare(record);
    record.forks = {0, first};
    record.events = {
        messages::by(first, messages::bytes(messages::ReportHead{messages::ReportHead::kind{7}}))};
    CHECK(run(record) == 1);
    CHECK(count(record, "serves") == 0);
    REQUIRE(!record.sent.empty());
    CHECK(record.sent.back().failure.step() == std::string{"report"});
    CHECK(record.sent.back().failure.text() ==
          std::string{"message from the daemon: cannot be understood"});
    CHECK(record.children.empty());
    CHECK_FALSE(record.has_file("/run/x.pid"));
}

TEST_CASE("a word of a restarted daemon's that nobody understands is passed over") {
    Record record;
    const auto unknown =
        messages::by(second, messages::bytes(messages::ReportHead{messages::ReportHead::kind{7}}));
    CHECK(monitor_of(record, {crash, unknown, ready, term}) == 128 + SIGTERM);
    CHECK(reasons().size() == 1);
    CHECK(count(record, "signal 103 TERM") == 1);
}

TEST_CASE("who cannot be made to die with the monitor does not begin") {
    Record record;
    int status = 1;
    SECTION("the first daemon") {
        prepare(record);
        record.forks = {0, 0};
        record.fail("die_with_parent", 1, EIO);
        CHECK(run(record) == status);
    }
    SECTION("the child of a restart") {
        record.forks = {0, first, 0};
        record.fail("die_with_parent", 1, EIO);
        CHECK(monitor_of(record, {crash}) == status);
    }
    SECTION("the program of a restart") {
        record.fail("die_with_parent", 1, EIO);
        CHECK(program_of(record, false) == status);
    }
    CHECK(record.failed != "");
    CHECK(count(record, "execute") == 0);
    CHECK(count(record, "serves") == 0);
}

TEST_CASE("why a program cannot be executed again is told the monitor") {
    Record record;
    record.forks = {0, first, 0};
    std::string reason;
    SECTION("it is gone") {
        record.fail("execute", 1, ENOENT);
        reason = "./program: No such file or directory";
    }
    SECTION("it cannot be given its descriptors") {
        record.fail("pass_on_exec", 1, EBADF);
        reason = "./program: Bad file descriptor";
    }
    CHECK(monitor_of(record, {crash}) == 127);
    CHECK(record.sent.back().failure.step() == std::string{"exec"});
    CHECK(record.sent.back().failure.text() == reason);
    CHECK(count(record, "execute") == (reason.find("No such") != std::string::npos ? 1 : 0));
}

TEST_CASE("a restarted daemon whose step fails tells the monitor, and serves nobody") {
    Record record;
    CHECK(program_of(record, false, FailsFirst{}) == 1);
    CHECK(count(record, "send 9 failed") == 1);
    CHECK(record.sent.back().failure.text() == std::string{"it: Input/output error"});
    CHECK(count(record, "serves") == 0);
}

TEST_CASE("a process that says the last word does nothing else") {
    Record record;
    const bool is_last_word = GENERATE(true, false);
    CHECK(program_of(record, is_last_word) == 0);
    CHECK(record.written[2] == messages::line("monitor: daemon: was killed"));
    CHECK(count(record, "send 9 ready") == (is_last_word ? 0 : 1));
    CHECK(count(record, "serves") == (is_last_word ? 0 : 1));
}

TEST_CASE("a restarted daemon that keeps its signals has the mask of the first start") {
    Record record;
    record.blocked_before = {SIGUSR1};
    prepare(record);
    record.pid = second;
    record.parent = monitor;
    record.open = {{0, 1}, {1, 1}, {2, 1}, {9, 4}};
    const detail::Handover handover{detail::Handover::of_monitor,
                                    monitor,
                                    -1,
                                    -1,
                                    false,
                                    false,
                                    messages::failure("monitor", "daemon", "was killed", 0, 1)};
    record.peers[9] = monitor;
    record.unread[9] = std::string(reinterpret_cast<const char*>(&handover), sizeof handover);
    ::setenv("DAEMONIZER_HANDOVER", "9", 1);
    CHECK(recording::run(
              Daemonizer{RecordingHost{&record}, SingleFork{}, Monitor<2, 60>{}, KeepSignals{}},
              [&] { CHECK(count(record, "mask USR1") == 1); }) == 0);
    ::unsetenv("DAEMONIZER_HANDOVER");
}

TEST_CASE("a monitor closes what the program opens anew, also where the daemon keeps it") {
    Record record;
    record.open[40] = 400; // close-on-exec, as all are here
    CHECK(monitor_of(record, {Dies{first, CLD_EXITED, 0}}, CloseDescriptors<40>{}) == 0);
    CHECK(count(record, "close 40") == 1);
}

TEST_CASE("what a monitor would have needed is given back where there is none") {
    Record record;
    prepare(record);
    const auto start = [&] {
        detail::pid_files_of_this_process = {};
        detail::has_restartable_daemon = false;
        return Daemonizer{RecordingHost{&record}, SingleFork{}, Monitor<2, 60>{}}.start();
    };
    SECTION("in the launcher of start()") {
        record.forks = {101};
        record.events = {messages::ready()};
        std::get<recording::Arrives>(record.events[0]).sender = 101;
        auto result = start();
        REQUIRE(result);
        CHECK(result->is_launcher());
    }
    SECTION("in a start that cannot read it all") {
        record.fail("open /proc/self/cmdline", 1, EIO);
        CHECK_FALSE(start());
    }
    CHECK(record.mapped == 0);
    CHECK(record.descriptors_above_stdio().empty());
    detail::has_restartable_daemon = false;
}
