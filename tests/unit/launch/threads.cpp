// SPDX-License-Identifier: BSL-1.0
// A process with threads is not forked.
#include "catch.hpp"
#include "recording_host.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

auto start(Record& record) {
    record.knows_one_thread = false;
    return Daemonizer{RecordingHost{&record}, SingleFork{}, KeepStdio{}}.start();
}

auto count(const Record& record, const std::string& call) {
    return std::count(record.calls.begin(), record.calls.end(), call);
}

} // namespace

TEST_CASE("more than one thread is refused, after some patience") {
    Record record;
    record.tasks = 4;
    auto result = start(record);
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"threads"});
    CHECK(result.error().text() ==
          std::string{"start: more than one thread is running; the others would vanish"});
    CHECK(count(record, "sleep") == 20);
    CHECK(count(record, "fork") == 0);
}

TEST_CASE("a signal that cancels ends the patience with other threads") {
    Record record;
    record.tasks = 4;
    record.pending = {SIGTERM};
    auto result = start(record);
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"threads"});
    CHECK(result.error().code() == EINTR);
    CHECK(count(record, "sleep") == 1);
}

TEST_CASE("a joined thread that lingers is waited for") {
    struct Lingering : RecordingHost {
        auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) const
            -> int {
            if (size == 0)
                record->tasks = 3;
            return RecordingHost::poll(set, size, limit, mask);
        }
    };
    Record record;
    record.tasks = 4;
    record.knows_one_thread = false;
    auto result = Daemonizer{Lingering{{&record}}, SingleFork{}, KeepStdio{}}.start();
    REQUIRE(result);
    CHECK(count(record, "sleep") == 1);
}

TEST_CASE("without /proc the kernel is asked in another way") {
    Record record;
    record.fail("status /proc/self/task", 1, ENOENT);
    SECTION("one thread") { CHECK(start(record)); }
    CHECK(count(record, "unshare_threads") == 1);
}

TEST_CASE("where the links say nothing the kernel is asked, too") {
    Record record;
    record.tasks = GENERATE(as<nlink_t>{}, 1, 2); // none but "." and "..", or fewer
    CHECK(start(record));
    CHECK(count(record, "unshare_threads") == 1);
}

TEST_CASE("where the kernel may not be asked, the start goes on") {
    struct Forbidden : RecordingHost {
        auto status(int, const char*, struct stat&) const -> int { return -ENOENT; }
        auto status(int fd, struct stat& status) const -> int {
            return RecordingHost::status(fd, status);
        }
    };
    Record record;
    record.knows_one_thread = false;
    const int error = GENERATE(EPERM, EINVAL);
    record.fail("unshare_threads", 1, error);
    auto result = Daemonizer{Forbidden{{&record}}, SingleFork{}, KeepStdio{}}.start();
    CHECK(result);
    CHECK(count(record, "unshare_threads") == (error == EPERM ? 1 : 2));
}

TEST_CASE("who does not fork may have threads") {
    Record record;
    record.knows_one_thread = false;
    record.tasks = 9;
    auto result = Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}}.start();
    CHECK(result);
    CHECK(count(record, "status /proc/self/task") == 0);
}
