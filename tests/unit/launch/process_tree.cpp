// SPDX-License-Identifier: BSL-1.0
// How a launcher ends the processes of a failed start, and whom it leaves alone.
#include "catch.hpp"
#include "messages.hpp"

#include <optional>

using namespace daemonizer;
using recording::Child, recording::Record, recording::RecordingHost;

namespace {

constexpr pid_t first = 101, daemon_pid = 102;
constexpr long long second = 1'000'000'000;

/// A launcher that has forked, and is about to look at its processes.
struct Launcher {
    explicit Launcher(Record& of, bool first_is_daemon = false)
        : record{of}, daemon{first_is_daemon ? first : 0} {
        const char* what = nullptr;
        watch.begin<true>(host, what);
        tree.emplace(host, watch, signals, first, daemon);
        record.calls.clear();
    }

    auto sent() const {
        std::vector<std::string> found;
        for (const auto& call : record.calls)
            if (call.rfind("signal ", 0) == 0 && call.find(" 0", 8) == std::string::npos)
                found.push_back(call);
        return found;
    }

    Record& record;
    volatile pid_t daemon;
    RecordingHost host{&record};
    detail::SigchldWatch watch;
    detail::StartSignals signals;
    std::optional<detail::ProcessTree<RecordingHost>> tree;
};

using Signals = std::vector<std::string>;

} // namespace

TEST_CASE("a number that was waited for is signalled no more: it may be a stranger's") {
    Record record;
    record.files[RecordingHost::children_list] = {77, S_IFREG};
    Launcher launcher{record};
    record.children = {{first, CLD_EXITED, 0}, {daemon_pid, CLD_EXITED, 3}, {103, 0, 0, 103}};
    record.ignores_terminate = true;
    launcher.tree->daemon_is(daemon_pid);
    launcher.tree->end_all();
    CHECK(launcher.sent() == Signals{"signal 103 TERM", "signal 103 KILL"});
    CHECK(record.children.empty());
    CHECK(launcher.tree->end().si_pid == daemon_pid);
    CHECK(launcher.tree->end().si_status == 3);
}

TEST_CASE("a number in the list of children that is none of ours is not signalled") {
    Record record; // such as one of another pid namespace
    record.files["/proc/thread-self/children"] = {77, S_IFREG};
    record.contents["/proc/thread-self/children"] = "4711 103 ";
    Launcher launcher{record};
    record.children = {{103, 0, 0, 103}};
    launcher.tree->end_all();
    CHECK(launcher.sent() == Signals{"signal 103 TERM"});
}

TEST_CASE("a process that the kernel cannot end does not hold the launcher for ever") {
    Record record;
    Launcher launcher{record, true};
    record.children = {{first}};
    record.unkillable = {first};
    const long long begun = record.time;
    launcher.tree->end_all();
    CHECK(launcher.sent().front() == "signal -101 TERM");
    CHECK(launcher.sent().back() == "signal 101 KILL");
    CHECK(record.time - begun >= 3 * second); // two seconds of TERM, and two of KILL
    CHECK(record.time - begun < 5 * second);
}

TEST_CASE("where the kernel has no subreaper the daemon is ended through its group") {
    Record record;
    record.fail("subreaper on", 1, EINVAL);
    Launcher launcher{record};
    REQUIRE_FALSE(launcher.watch.adopts());
    record.children = {{first, CLD_EXITED, 0}};
    record.others = {daemon_pid};
    record.group_of_others = first;
    launcher.tree->daemon_is(daemon_pid);
    SECTION("which obeys") {
        launcher.tree->end_all();
        CHECK(launcher.sent() == Signals{"signal -101 TERM", "signal -101 KILL"}); // of workers
    }
    SECTION("which does not obey") {
        record.ignores_terminate = true;
        const long long begun = record.time;
        launcher.tree->end_all();
        CHECK(launcher.sent().front() == "signal -101 TERM");
        CHECK(launcher.sent().back() == "signal -101 KILL");
        CHECK(record.time - begun >= 2 * second);
        CHECK(record.time - begun < 3 * second);
    }
    CHECK(record.children.empty()); // the first is a zombie until then, and keeps the number
    CHECK(record.others.empty());
    const auto& calls = record.calls;
    CHECK(std::count(calls.begin(), calls.end(), "signal 102 TERM") == 0); // no child of ours
    CHECK(std::count(calls.begin(), calls.end(), "signal 102 KILL") == 0);
}

TEST_CASE("where the kernel has no subreaper an intermediate that made no daemon is ended") {
    Record record;
    record.fail("subreaper on", 1, EINVAL);
    Launcher launcher{record};
    record.children = {{first}};
    launcher.tree->end_all();
    CHECK(launcher.sent().front() == "signal -101 KILL"); // nobody else is there to be asked
    CHECK(record.children.empty());
}

TEST_CASE("of a program with children of its own only the daemon and its group are ended") {
    Record record;
    record.files[RecordingHost::children_list] = {77, S_IFREG};
    record.children = {{90, 0, 0, 90}};
    Launcher launcher{record};
    REQUIRE(launcher.watch.has_others());
    record.children = {{90, 0, 0, 90},
                       {91, CLD_EXITED, 4, 90},
                       {first, CLD_EXITED, 0},
                       {daemon_pid, 0, 0, daemon_pid},
                       {103},
                       {104}};
    launcher.tree->daemon_is(daemon_pid);
    launcher.tree->end_all();
    CHECK(launcher.sent() == Signals{"signal -101 TERM", "signal 102 TERM"});
    REQUIRE(record.children.size() == 2); // its own, the dead one too: it may wait for it
    CHECK(record.children[0].pid == 90);
    CHECK(record.children[1].pid == 91);
}

TEST_CASE("the end of a daemon that died before its name was known is remembered") {
    Record record;
    Launcher launcher{record};
    record.children = {{first, CLD_EXITED, 0}, {daemon_pid, CLD_KILLED, SIGSEGV}};
    launcher.tree->end_all();
    CHECK(launcher.tree->end().si_pid == daemon_pid);
    CHECK(launcher.tree->end().si_status == SIGSEGV);
    CHECK(launcher.sent().empty());
}

TEST_CASE("a daemon that has left its group is asked once, also where it is in the list") {
    Record record;
    record.files[RecordingHost::children_list] = {77, S_IFREG};
    Launcher launcher{record};
    record.children = {{first, CLD_EXITED, 0}, {daemon_pid, 0, 0, daemon_pid}};
    launcher.tree->daemon_is(daemon_pid);
    launcher.tree->end_all();
    CHECK(launcher.sent() == Signals{"signal 102 TERM"});
    CHECK(record.open.size() == 4); // and the watch: the list is closed again
    CHECK(record.opened_with[RecordingHost::children_list] == (O_RDONLY | O_CLOEXEC));
}

TEST_CASE("how a daemon ended is known as soon as its death was seen") {
    Record record;
    Launcher launcher{record};
    record.children = {{first, CLD_EXITED, 0}, {daemon_pid, CLD_KILLED, SIGABRT}};
    launcher.tree->daemon_is(daemon_pid);
    CHECK(launcher.tree->look() == detail::ProcessTree<RecordingHost>::life::dead);
    CHECK(launcher.tree->end().si_status == SIGABRT);
    CHECK(record.children.size() == 2); // a zombie keeps its number
}

TEST_CASE("an intermediate that lives or has done its work is no death") {
    Record record;
    Launcher launcher{record};
    record.children = {{first}};
    CHECK_FALSE(launcher.tree->has_died());
    record.children = {{first, CLD_EXITED, 0}};
    CHECK_FALSE(launcher.tree->has_died());
    CHECK(launcher.tree->end().si_pid == 0);
    record.children = {{first, CLD_KILLED, SIGKILL}, {103}}; // before it has said whose it is
    CHECK(launcher.tree->has_died());
    record.unkillable = {103};
    launcher.tree->end_all();
    CHECK(launcher.tree->end().si_pid == first);
    CHECK(launcher.tree->end().si_status == SIGKILL);
}

TEST_CASE("a launcher that lives on takes the intermediate's end, never the daemon's") {
    Record record;
    const bool once = GENERATE(true, false);
    Launcher launcher{record, once};
    record.children = {{first}};
    if (!once)
        launcher.tree->daemon_is(daemon_pid);
    launcher.tree->reap_intermediate();
    CHECK(record.children.size() == (once ? 1 : 0));
}

TEST_CASE("beside children of the program's the rest of the start is waited for") {
    Record record;
    record.children = {{90, 0, 0, 90}};
    Launcher launcher{record};
    SECTION("a worker in the group, whose daemon is gone") {
        record.children = {
            {90, 0, 0, 90}, {first, CLD_EXITED, 0}, {daemon_pid, CLD_EXITED, 1}, {103}};
        launcher.tree->daemon_is(daemon_pid);
        launcher.tree->end_all();
        CHECK(launcher.sent() == Signals{"signal -101 TERM"});
        CHECK(record.children.size() == 1);
    }
    SECTION("a first child without a group that the kernel cannot end yet") {
        record.children = {{90, 0, 0, 90}, {first, 0, 0, 1}};
        record.unkillable = {first};
        const long long begun = record.time;
        launcher.tree->end_all();
        CHECK(record.time - begun > 3 * second);
    }
}

TEST_CASE("a daemon that the intermediate forks after it was asked to end is asked as well") {
    // All signals are blocked in the intermediate, and a child does not inherit what is pending.
    struct ForkingHost : RecordingHost {
        auto signal(pid_t process, int number) const -> int {
            const bool is_asked = process == -first && number == SIGTERM;
            if (!is_asked || record->children.front().pid != first)
                return RecordingHost::signal(process, number);
            record->call("signal", process, "TERM");
            record->children = {{first, CLD_EXITED, 0}, {daemon_pid}};
            return 0;
        }
    };
    Record record;
    Launcher launcher{record};
    record.children = {{first}};
    detail::ProcessTree<ForkingHost> tree{ForkingHost{launcher.host}, launcher.watch,
                                          launcher.signals, first, launcher.daemon};
    const long long begun = record.time;
    tree.end_all();
    CHECK(launcher.sent() == Signals{"signal -101 TERM", "signal -101 TERM"});
    CHECK(record.children.empty());
    CHECK(record.time - begun < second);
}

TEST_CASE("the list of children is decimal numbers, and all else is none") {
    Record record;
    const char* const list = "/proc/thread-self/children";
    std::vector<pid_t> found;
    const auto read = [&] {
        detail::each_listed_child(RecordingHost{&record}, [&](pid_t pid) { found.push_back(pid); });
    };
    SECTION("numbers") {
        record.files[list] = {78};
        record.contents[list] = "  12:345 0 a6 7";
        read();
        CHECK(found == std::vector<pid_t>{12, 345, 6}); // the last has no blank: it may be cut off
    }
    SECTION("there is none") {
        read();
        CHECK(found.empty());
        CHECK(std::count(record.calls.begin(), record.calls.end(), "read -2") == 0);
    }
    CHECK(record.mistakes.empty());
    CHECK(record.open.size() == 3);
}

TEST_CASE("a daemon is unseen only as long as its parent, the intermediate, has not left") {
    using life = detail::ProcessTree<RecordingHost>::life;
    Record record;
    Launcher launcher{record};
    record.others = {daemon_pid};
    launcher.tree->daemon_is(daemon_pid);
    SECTION("which lives") {
        record.children = {{first}};
        CHECK(launcher.tree->look() == life::unseen);
    }
    SECTION("which is a zombie: the daemon is another namespace's child") {
        record.children = {{first, CLD_EXITED, 0}};
        CHECK(launcher.tree->look() == life::runs);
    }
    SECTION("which was waited for") { CHECK(launcher.tree->look() == life::runs); }
}

TEST_CASE("a daemon that dies as it becomes the launcher's child is dead") {
    /// The intermediate leaves between the two looks at the daemon.
    struct Leaving : RecordingHost {
        auto wait(idtype_t which, pid_t id, siginfo_t& how, int options) const -> int {
            if (id == first)
                record->children = {{first, CLD_EXITED, 0}, {daemon_pid, CLD_EXITED, 5}};
            return RecordingHost::wait(which, id, how, options);
        }
    };
    Record record;
    record.others = {daemon_pid};
    const Leaving host{{&record}};
    detail::SigchldWatch watch;
    detail::StartSignals signals;
    const char* what = nullptr;
    watch.begin<true>(host, what);
    volatile pid_t daemon = daemon_pid;
    detail::ProcessTree<Leaving> tree{host, watch, signals, first, daemon};
    record.children = {{first}};
    CHECK(tree.look() == detail::ProcessTree<Leaving>::life::dead);
    CHECK(tree.end().si_status == 5);
}
