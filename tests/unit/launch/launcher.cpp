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
    record.descendants = {{102}};
    const Daemonizer service{RecordingHost{&record}, PidFile<"/x.pid">{}, policies...};
    const int status = recording::run(service, [] { return 0; });
    if (status != 0) {
        CHECK_FALSE(record.has_file("/x.pid"));
        CHECK(record.descriptors_above_stdio().size() ==
              2); // report and signals: its exit closes them
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
    detail::Report report{{messages::ReportHead::kind::failed},
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
        record.descendants = {{102, CLD_KILLED, SIGABRT}};
        record.forks = {101};
        const Daemonizer service{RecordingHost{&record}};
        CHECK(recording::run(service, [] {}) == 128 + SIGABRT);
    }
    SECTION("of a daemon that is no child of ours") {
        record.fail("subreaper on", 1, EINVAL);
        record.events.push_back(messages::closed());
        record.forks = {101};
        const Daemonizer service{RecordingHost{&record}};
        CHECK(recording::run(service, [] {}) == 1);
        CHECK(said(record) ==
              messages::line("daemon: ended before it was ready: how is not known"));
        CHECK(record.time < 100'000'000); // the kernel says at once that there is no such process
    }
}

TEST_CASE("a launcher that says why has undone before: who reads it may start again") {
    Record record;
    record.events = {messages::forked(102), Dies{102, CLD_EXITED, 7}};
    CHECK(launch(record) == 7);
    const auto at = [&](const std::string& call) {
        return std::find(record.calls.begin(), record.calls.end(), call);
    };
    CHECK(at("unlink /x.pid") < at("write 2"));
    CHECK(at("write 2") != record.calls.end());
}

TEST_CASE("a report keeps clear of what will be the daemon's stdio") {
    Record record;
    record.open = {{2, 1}}; // the pair's ends are 0 and 1
    detail::ReportEnd launcher, daemon;
    CHECK(detail::open_report(RecordingHost{&record}, launcher, daemon) == 0);
    CHECK(launcher.fd > 2);
    CHECK(daemon.fd > 2);
    CHECK(record.open.size() == 3);
}

TEST_CASE("a report that cannot be opened leaves no descriptor") {
    Record record;
    record.open = {{2, 1}};
    SECTION("there is none") { record.fail("socket_pair", 1, EMFILE); }
    SECTION("the launcher's end cannot be moved") { record.fail("duplicate 0", 1, EMFILE); }
    SECTION("the daemon's end cannot be moved") { record.fail("duplicate 1", 1, EMFILE); }
    SECTION("the launcher cannot ask who sends") { record.fail("ask_for_senders", 1, EMFILE); }
    detail::ReportEnd launcher, daemon;
    CHECK(detail::open_report(RecordingHost{&record}, launcher, daemon) == -EMFILE);
    CHECK(record.open.size() == 1);
    CHECK(launcher.fd < 0);
    CHECK(daemon.fd < 0);
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

TEST_CASE("only the daemon is heard, and the kernel says who that is") {
    const auto failure = messages::failed(messages::failure("x", "y", "z", EIO, 9));
    const auto forged = GENERATE_COPY(
        messages::by(103, messages::ready()), messages::by(103, failure), messages::forked(103),
        messages::by(103, recording::Arrives{"x"}), messages::by(0, messages::ready()));
    Record record;
    SECTION("once there is one") {
        record.events = {messages::forked(102), forged, messages::ready()};
    }
    SECTION("and before, unless it says that it is there") {
        if (forged.message == messages::forked(103).message)
            return;
        record.events = {forged, messages::forked(102), messages::ready()};
    }
    CHECK(launch(record) == 0);
    CHECK(record.events.empty());
    CHECK(signals_sent(record).empty());
}

TEST_CASE("an intermediate that could not make a daemon says why") {
    Record record;
    record.forks = {101};
    record.events = {messages::by(
        101, messages::failed(messages::failure("fork", "the intermediate's", "no", EAGAIN, 1)))};
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 1);
    CHECK(said(record) == messages::line("fork: the intermediate's: no"));
}

TEST_CASE("a daemon that dies while a child of it holds the report open") {
    Record record;
    SECTION("seen before its name") {
        record.events = {Dies{102, CLD_KILLED, SIGKILL}, messages::forked(102)};
    }
    SECTION("seen only once it is ready") {
        record.events = {messages::forked(102), messages::ready()};
        record.dead_at_receive = {2, 102, CLD_KILLED, SIGKILL};
    }
    CHECK(launch(record) == 128 + SIGKILL);
    CHECK(said(record) == messages::line("daemon: killed before it was ready: Killed, signal 9"));
    CHECK(std::count(record.calls.begin(), record.calls.end(), "send 4 taken") == 0);
}

TEST_CASE("a daemon that is not yet the launcher's child is not taken for alive") {
    Record record;
    record.forks = {101};
    record.events = {messages::forked(102), messages::ready()};
    record.others = {102}; // its parent has yet to leave
    const int code = GENERATE(0, CLD_KILLED);
    record.adopted_after_sleeps = 3;
    record.adopted = {102, code, code == 0 ? 0 : SIGKILL};
    const int status = recording::run(Daemonizer{RecordingHost{&record}}, [] {});
    CHECK(status == (code == 0 ? 0 : 128 + SIGKILL));
    CHECK(std::count(record.calls.begin(), record.calls.end(), "sleep") >= 3);
}

TEST_CASE("a daemon is taken for one to be waited for only where the kernel knows no such child") {
    Record record;
    record.events = {messages::forked(102), messages::ready()};
    record.fail("wait 102", 1, EPERM);
    CHECK(launch(record) == 1);
    CHECK(said(record) == messages::line("report: waitid: Operation not permitted"));
    CHECK(std::count(record.calls.begin(), record.calls.end(), "wait 102") == 1);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "send 4 taken") == 0);
}

TEST_CASE("without a word of children nothing is forked") {
    Record record;
    record.forks = {101};
    record.fail("wait any", 1, EPERM);
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 1);
    CHECK(said(record) == messages::line("report: waitid: Operation not permitted"));
    CHECK(std::count(record.calls.begin(), record.calls.end(), "fork") == 0);
}

TEST_CASE("a message that cannot be understood ends the daemon") {
    const auto message = GENERATE(
        recording::Arrives{"x"}, recording::Arrives{std::string(sizeof(detail::Report), '\xff')},
        recording::Arrives{messages::ready().message + "x"},
        messages::bytes(messages::ReportHead{messages::ReportHead::kind::failed}));
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
    CHECK(said(record) == messages::line("start timeout: daemon: not ready after 5 s, and ended"));
    CHECK(signals_sent(record) == expected);
    CHECK(record.time - begun >= 5'000'000'000);
    CHECK(record.time - begun < 8'000'000'000);
}

TEST_CASE("a daemon that was ready in time is ready, however late the launcher looks") {
    Record record;
    record.events = {messages::forked(102)};
    SECTION("ready") {
        record.late_by = 9'000'000'000;
        record.events.push_back(messages::ready());
        CHECK(launch(record, StartTimeout<5>{}) == 0);
    }
    SECTION("a worker's noise is no daemon's word") {
        for (int i = 0; i != 5000; ++i)
            record.events.push_back(messages::by(103, messages::ready()));
        record.late_by = 9'000'000'000;
        CHECK(launch(record, StartTimeout<5>{}) == 124);
    }
}

TEST_CASE("a signal that cancels ends what was started, undoes, and ends the launcher") {
    const int signal = GENERATE(SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM);
    Record record;
    SECTION("while it waits") {
        record.events = {messages::forked(102), recording::Interrupts{signal}};
    }
    SECTION("before it waits") {
        record.pending = {signal};
        record.events = {messages::forked(102), messages::ready()};
    }
    SECTION("whatever handler the program has") {
        record.dispositions[signal].sa_handler = [](int) {};
        record.events = {messages::forked(102), recording::Interrupts{signal}};
    }
    SECTION("just before the daemon is told") {
        record.events = {messages::forked(102), messages::ready()};
        record.pending_at_receive = {2, signal};
    }
    SECTION("without signalfd") {
        record.has_signalfd = false;
        record.events = {messages::forked(102), recording::Interrupts{signal}};
    }
    record.forks = {101};
    record.descendants = {{102}};
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}}, [] {}) ==
          128 + signal);
    CHECK(said(record).empty());
    CHECK_FALSE(record.has_file("/x.pid"));
    CHECK(record.children.empty());
    CHECK(record.calls.end()[-2] == "unblock " + recording::signal_name(signal));
    CHECK(record.dispositions[signal].sa_handler == SIG_DFL);
    CHECK(record.pending.count(signal) == 1);
}

TEST_CASE("of several signals that cancel, the lowest is the one that the launcher dies of") {
    Record record;
    record.pending = {SIGTERM, SIGINT, SIGQUIT};
    record.events = {messages::forked(102), messages::ready()};
    record.forks = {101};
    record.descendants = {{102}};
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}}, [] {}) ==
          128 + SIGINT);
    CHECK(record.calls.end()[-2] == "unblock " + recording::signal_name(SIGINT));
}

TEST_CASE("a signal that is ignored, or that the starter had blocked, cancels nothing") {
    Record record;
    SECTION("ignored") { record.dispositions[SIGHUP].sa_handler = SIG_IGN; }
    SECTION("blocked") { record.blocked_before = {SIGHUP}; }
    SECTION("ignored, without signalfd") {
        record.dispositions[SIGHUP].sa_handler = SIG_IGN;
        record.has_signalfd = false;
    }
    record.events = {messages::forked(102), recording::Interrupts{SIGHUP}, messages::ready()};
    CHECK(launch(record) == 0);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "poll 4") < 9); // it sleeps
}

TEST_CASE("a signal that comes while a failed daemon takes its time ends that time") {
    Record record;
    record.events = {messages::forked(102),
                     messages::failed(messages::failure("log", "/l", "no", EIO, 3)),
                     recording::Interrupts{SIGINT}};
    CHECK(launch(record) == 128 + SIGINT);
    CHECK(record.time < 1'000'000'000);
}

TEST_CASE("nothing of a failed start is left, wherever it went") {
    Record record;
    record.files[RecordingHost::children_list] = {77, S_IFREG};
    record.events = {messages::forked(102),
                     messages::failed(messages::failure("log", "/l", "no", EIO, 3)),
                     Dies{102, CLD_EXITED, 3}};
    record.forks = {101};
    record.descendants = {{102}, {103, 0, 0, 103}, {104, 0, 0, 103}}; // of another session
    record.ignores_terminate = GENERATE(false, true);
    SECTION("it is ended") {
        CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 3);
        CHECK(record.children.empty());
        const auto sent = signals_sent(record);
        REQUIRE(sent.size() >= 3);
        CHECK(std::vector<std::string>(sent.end() - 2, sent.end()) ==
              (record.ignores_terminate
                   ? std::vector<std::string>{"signal 103 KILL", "signal 104 KILL"}
                   : std::vector<std::string>{"signal 103 TERM", "signal 104 TERM"}));
    }
    SECTION("but not what the program had before") {
        record.children = {{90, 0, 0, 90}};
        record.descendants = {{102}};
        CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 3);
        REQUIRE(record.children.size() == 1);
        CHECK(record.children[0].pid == 90);
        CHECK(record.children[0].code == 0);
    }
}

TEST_CASE("a first child that has no group yet is ended by KILL") {
    Record record;
    record.forks = {101};
    record.first_group = 1; // before its setsid
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, StartTimeout<1>{}}, [] {}) == 124);
    CHECK(signals_sent(record) == std::vector<std::string>{"signal 101 KILL"});
    CHECK(record.children.empty());
}

TEST_CASE("a worker's noise hides no word of the daemon's, and does not hold a launcher for ever") {
    Record record;
    const auto noise = messages::by(103, messages::ready());
    const auto failure = messages::failed(messages::failure("log", "/l", "no", EIO, 3));
    SECTION("before its last words") {
        record.events = {messages::forked(102), Dies{102, CLD_EXITED, 7}, noise, failure};
        CHECK(launch(record) == 3);
    }
    SECTION("without last words") {
        record.events = {messages::forked(102), Dies{102, CLD_EXITED, 7}, noise};
        CHECK(launch(record) == 7);
    }
    SECTION("much of it, as long as the daemon lives") {
        record.events = {messages::forked(102)};
        record.events.insert(record.events.end(), 5000, noise);
        record.events.insert(record.events.end(), {Dies{102, CLD_EXITED, 7}, noise, failure});
        CHECK(launch(record) == 3);
    }
    SECTION("much of it, once the daemon is dead") {
        record.events = {messages::forked(102), Dies{102, CLD_EXITED, 7}};
        record.events.insert(record.events.end(), 5000, noise);
        CHECK(launch(record) == 7);
        CHECK(record.events.size() > 500); // not all of it was read
    }
}

TEST_CASE("the launcher sleeps where nothing is new, and listens to the same set") {
    Record record;
    record.forks = {101};
    record.descendants = {{102}};
    const auto count = [&](const std::string& call) {
        return std::count_if(record.calls.begin(), record.calls.end(),
                             [&](const std::string& line) { return line.rfind(call, 0) == 0; });
    };
    SECTION("the intermediate has left") {
        record.events = {messages::forked(102), Dies{101, CLD_EXITED, 0}};
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, StartTimeout<1>{}}, [] {}) == 124);
        CHECK(count("signalfd") == 2); // and once more for the end
    }
    SECTION("a signal has turned out to be ignored") {
        record.dispositions[SIGHUP].sa_handler = SIG_IGN;
        record.events = {messages::forked(102), recording::Interrupts{SIGHUP}};
        CHECK(recording::run(Daemonizer{RecordingHost{&record}, StartTimeout<1>{}}, [] {}) == 124);
        CHECK(count("signalfd") == 3);
    }
    CHECK(count("poll") < 10);
    CHECK(record.time >= 1'000'000'000);
}

TEST_CASE("a late launcher hears all that is there before it gives up") {
    Record record;
    record.late_by = 9'000'000'000;
    record.events = {messages::by(103, messages::ready()), messages::forked(102),
                     messages::ready()};
    CHECK(launch(record, StartTimeout<5>{}) == 0);
}

TEST_CASE("a signal cancels also while the ready daemon's parent has yet to leave") {
    Record record;
    record.forks = {101};
    record.events = {messages::forked(102), messages::ready(), recording::Interrupts{SIGINT}};
    record.others = {102};
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 128 + SIGINT);
}

TEST_CASE("a step that fails before the fork ends the launcher at once") {
    Record record;
    record.fail("status /x.pid", 1, EIO);
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}}, [] {}) == 1);
    CHECK(record.calls.back() == "leave_at_once 1"); // main() must not go on
}

TEST_CASE("a signal that cancels before the fork ends the launcher, too") {
    Record record;
    record.files["/x.pid"] = {90};
    record.locked[0] = -1; // another start, which takes its time
    record.pending = {SIGTERM};
    CHECK(recording::run(Daemonizer{RecordingHost{&record}, PidFile<"/x.pid">{}}, [] {}) ==
          128 + SIGTERM);
    CHECK(record.calls.end()[-2] == "unblock TERM");
}

TEST_CASE("two forks are refused to the first process of a pid namespace") {
    Record record;
    record.pid = 0; // the intermediate's is 1 then
    CHECK(recording::run(Daemonizer{RecordingHost{&record}}, [] {}) == 1);
    REQUIRE(record.sent.size() == 1);
    CHECK(record.sent[0].failure.step() == std::string{"fork"});
    CHECK(record.sent[0].failure.code() == EINVAL);
    CHECK(record.calls.back() == "leave_at_once 1");
    CHECK(record.calls.end()[-2] == "send 4 failed");
    Record once;
    once.pid = 0;
    CHECK(recording::run(Daemonizer{RecordingHost{&once}, SingleFork{}}, [] {}) == 0);
}

TEST_CASE("a report that is closed is so by nobody's word, and ends the wait") {
    Record record;
    SECTION("before it is known who the daemon is") {
        record.events = {messages::by(0, messages::closed())};
    }
    SECTION("and afterwards") {
        record.events = {messages::forked(102), messages::by(0, messages::closed())};
    }
    record.dead_at_receive = {2, 102, CLD_EXITED, 5};
    CHECK(launch(record) != 0);
    CHECK(said(record).find("before it was ready") != std::string::npos);
}

TEST_CASE("a message that is gone when it is asked for is no reason to give up early") {
    Record record;
    record.events = {messages::forked(102), messages::ready()};
    record.fail("receive", 2, EAGAIN); // readable, and yet there is none
    CHECK(launch(record, StartTimeout<5>{}) == 0);
    CHECK(record.time < 1'000'000'000);
}
