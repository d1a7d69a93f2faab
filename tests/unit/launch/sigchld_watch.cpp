// SPDX-License-Identifier: BSL-1.0
// What a launcher changes to learn of deaths, and how it puts that back.
#include "catch.hpp"
#include "recording_host.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

auto count(const Record& record, const std::string& call) {
    return std::count(record.calls.begin(), record.calls.end(), call);
}

/// A launcher that returns, and that had a child of its own where `has_others`.
void wait_and_end(Record& record, bool has_others, const std::vector<recording::Child>& then) {
    const RecordingHost host{&record};
    detail::SigchldWatch watch;
    if (has_others)
        record.children = {{90, 0, 0, 90}};
    const char* what = nullptr;
    REQUIRE(watch.begin<true>(host, what) == 0);
    record.children.insert(record.children.end(), then.begin(), then.end());
    watch.end(host, 102);
}

auto pids(const Record& record) {
    std::vector<pid_t> found;
    for (const auto& child : record.children)
        found.push_back(child.pid);
    return found;
}

} // namespace

TEST_CASE("where the kernel has no subreaper none is taken back") {
    Record record;
    record.fail("subreaper on", 1, EINVAL);
    wait_and_end(record, false, {});
    CHECK(count(record, "subreaper off") == 0);
}

TEST_CASE("the adopted dead are buried, the daemon is left to the program") {
    Record record;
    wait_and_end(record, false, {{103, CLD_EXITED, 0}, {104}, {102, CLD_EXITED, 3}});
    CHECK(pids(record) == std::vector<pid_t>{104, 102});
    CHECK(count(record, "signal 100 CHLD") == 0);
}

TEST_CASE("a program that waits for its children finds them, and is told to look") {
    Record record;
    wait_and_end(record, true, {{91, CLD_EXITED, 0, 90}});
    CHECK(pids(record) == std::vector<pid_t>{90, 91});
    CHECK(count(record, "signal 100 CHLD") == 1);
}

TEST_CASE("for a program that lets the kernel bury its children the dead are buried") {
    Record record;
    SECTION("SIGCHLD ignored") { record.dispositions[SIGCHLD].sa_handler = SIG_IGN; }
    SECTION("SA_NOCLDWAIT") { record.dispositions[SIGCHLD].sa_flags = SA_NOCLDWAIT; }
    wait_and_end(record, true, {{91, CLD_EXITED, 0, 90}, {102, CLD_EXITED, 0}});
    CHECK(pids(record) == std::vector<pid_t>{90}); // the daemon too: the kernel would have
    CHECK(count(record, "signal 100 CHLD") == 0);
}

TEST_CASE("whether the program has children is asked without waiting, and takes none") {
    struct Watched : RecordingHost {
        int* asked;
        auto wait(idtype_t which, pid_t id, siginfo_t& how, int options) const -> int {
            *asked = options;
            return RecordingHost::wait(which, id, how, options);
        }
    };
    Record record;
    record.children = {{90, CLD_EXITED, 3, 90}}; // which the program has yet to wait for
    int asked = 0;
    detail::SigchldWatch watch;
    const char* what = nullptr;
    REQUIRE(watch.begin<true>(Watched{{&record}, &asked}, what) == 0);
    CHECK(watch.has_others());
    CHECK(pids(record) == std::vector<pid_t>{90});
    CHECK((asked & WNOHANG) != 0);
}
