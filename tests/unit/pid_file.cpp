// SPDX-License-Identifier: BSL-1.0
// Whom a pid file refuses, and whose file it leaves alone.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::File, recording::Record, recording::RecordingHost;

namespace {

const std::string path = "/run/x.pid";

auto start(Record& record) {
    detail::pid_file_of_this_process = {};
    return Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{path.c_str()}, KeepStdio{}}.start();
}

/// The reason, without the path before it, of a start that must be refused.
auto refusal(Record& record) -> std::string {
    auto result = start(record);
    REQUIRE_FALSE(result);
    CHECK(result.error().step() == std::string{"pid file"});
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
    const std::string text = result.error().text();
    REQUIRE(text.rfind(path + ": ", 0) == 0);
    return text.substr(path.size() + 2);
}

auto called(const Record& record, const std::string& call) -> bool {
    return std::count(record.calls.begin(), record.calls.end(), call) != 0;
}

} // namespace

TEST_CASE("a pid file is opened so that no link, FIFO or terminal does harm") {
    Record record;
    auto result = start(record);
    REQUIRE(result);
    CHECK(record.opened_with[path] ==
          (O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
}

TEST_CASE("what is no pid file of ours is refused and left as it is") {
    Record record;
    SECTION("a symbolic link") {
        record.fail("open", 1, ELOOP);
        CHECK(refusal(record) == "is a symbolic link");
    }
    SECTION("a FIFO") {
        record.files[path] = File{100, S_IFIFO};
        CHECK(refusal(record) == "is not a regular file");
    }
    SECTION("a file with another name") {
        record.files[path] = File{100, S_IFREG, 2};
        CHECK(refusal(record) == "has more than one name");
    }
    SECTION("a stranger's file") {
        record.files[path] = File{100, S_IFREG, 1, ::geteuid() + 1};
        CHECK(refusal(record) == "belongs to another user");
    }
    SECTION("no path") {
        detail::pid_file_of_this_process = {};
        auto result = Daemonizer{RecordingHost{&record}, NoFork{}, PidFile{""}}.start();
        REQUIRE_FALSE(result);
        CHECK(result.error().text() == std::string{"path: is empty"});
    }
    CHECK_FALSE(called(record, "truncate 3"));
    CHECK_FALSE(called(record, "unlink " + path));
}

TEST_CASE("root's own pid file is taken by everybody who can write it") {
    Record record;
    record.files[path] = File{100, S_IFREG, 1, 0};
    CHECK(start(record));
}

TEST_CASE("a second start is refused") {
    Record record;
    record.files[path] = File{100};
    record.locked[0] = 4711;
    SECTION("and names the daemon") {
        record.locked[1] = 4711;
        CHECK(refusal(record) == "already running, pid 4711");
        CHECK(record.time < 100'000'000); // at once
    }
    SECTION("of a daemon that a child has outlived") {
        record.content = "4711\n";
        CHECK(refusal(record) == "the daemon is gone, a child of it still holds " + path);
        CHECK(record.time > 1'000'000'000);
    }
    SECTION("while another start is under way, after some patience") {
        CHECK(refusal(record) == "already being started, and its pid is not written yet");
        CHECK(record.time > 10'000'000'000);
        CHECK(record.time < 11'000'000'000);
    }
    CHECK_FALSE(called(record, "truncate 3"));
    CHECK_FALSE(called(record, "chmod 3 0644"));
    CHECK(record.has_file(path));
}

TEST_CASE("a file that cannot be locked goes again only if this start has made it") {
    Record record;
    const bool was_there = GENERATE(true, false);
    if (was_there)
        record.files[path] = File{100};
    record.fail("lock", 1, ENOLCK);
    CHECK(refusal(record) == "No locks available");
    CHECK(record.has_file(path) == was_there);
}

TEST_CASE("a lock that is released meanwhile is taken") {
    Record record;
    record.fail("lock", 1, EAGAIN);
    auto result = start(record);
    REQUIRE(result);
    CHECK(record.time < 100'000'000);
}

TEST_CASE("a file that was replaced before it was locked is not taken") {
    struct Replacing : RecordingHost {
        auto lock(int fd, int command, struct flock& range) const -> int {
            if (record->files[path].inode == 100)
                record->files[path].inode = 200;
            return RecordingHost::lock(fd, command, range);
        }
    };
    Record record;
    record.files[path] = File{100};
    detail::pid_file_of_this_process = {};
    const Daemonizer service{Replacing{{&record}}, NoFork{}, PidFile{path.c_str()}, KeepStdio{}};
    auto result = service.start();
    REQUIRE(result);
    CHECK(record.open.at(3) == 200);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "lock 3 OFD byte 0") == 2);
}

TEST_CASE("at the end another instance's file stays") {
    Record record;
    const bool replaced = GENERATE(true, false);
    {
        auto result = start(record);
        REQUIRE(result);
        if (replaced)
            record.files[path].inode = 200;
        else
            record.files.erase(path);
    }
    CHECK_FALSE(called(record, "unlink " + path));
    CHECK(std::count(record.calls.begin(), record.calls.end(), "truncate 3") ==
          2); // ours, by descriptor
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("a worker forked by the daemon removes nothing") {
    Record record;
    {
        auto result = start(record);
        REQUIRE(result);
        record.pid = 4711; // what fork makes of all that the worker inherits
    }
    CHECK(record.has_file(path));
    CHECK_FALSE(called(record, "unlink " + path));
}

TEST_CASE("a second daemon in one process does not close the first one's file") {
    Record record;
    auto first = start(record);
    REQUIRE(first);
    record.locked = {{0, 100}, {1, 100}};
    const Daemonizer again{RecordingHost{&record}, NoFork{}, PidFile{path.c_str()}, KeepStdio{}};
    auto second = again.start();
    REQUIRE_FALSE(second);
    CHECK(record.descriptors_above_stdio() == std::vector{3, 4}); // closing 4 would release byte 1
}

TEST_CASE("signals that would end the daemon remove its file first") {
    struct sigaction ignored {};
    ignored.sa_handler = SIG_IGN;
    Record record;
    record.dispositions[SIGHUP] = ignored;
    detail::pid_file_of_this_process = {};
    auto keeping = Daemonizer{
        RecordingHost{&record}, NoFork{}, PidFile{path.c_str()}, KeepStdio{},
        KeepSignals{}}.start();
    REQUIRE(keeping);
    CHECK(record.dispositions[SIGTERM].sa_handler == detail::remove_pid_file_and_die);
    CHECK((record.dispositions[SIGTERM].sa_flags & static_cast<int>(SA_RESETHAND)) != 0);
    CHECK(record.dispositions[SIGINT].sa_handler == detail::remove_pid_file_and_die);
    CHECK(record.dispositions[SIGHUP].sa_handler == SIG_IGN); // as the starter had it: nohup
}
