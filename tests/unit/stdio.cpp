// SPDX-License-Identifier: BSL-1.0
// What becomes of 0-2, and that nothing of the library's lands there.
#include "catch.hpp"
#include "messages.hpp"

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

auto on(Record& record, auto... policies) {
    detail::pid_files_of_this_process = {};
    record.files["/in"] = {50};
    return Daemonizer{RecordingHost{&record}, policies...};
}

auto file(Record& record, const std::string& path) -> ino_t { return record.files.at(path).inode; }

} // namespace

TEST_CASE("NullStdio: all three on /dev/null") {
    Record record;
    auto daemon = on(record, NoFork{}).start();
    REQUIRE(daemon);
    daemon->ready();
    CHECK(record.opened_with["/dev/null"] == (O_RDWR | O_CLOEXEC | O_NOCTTY));
    CHECK(record.open == std::map<int, ino_t>{{0, 1}, {1, 1}, {2, 1}});
}

TEST_CASE("LogStdio: stdin null, the others appended to a file that is no link") {
    Record record;
    auto daemon = on(record, NoFork{}, LogStdio<"/log">{}).start();
    REQUIRE(daemon);
    daemon->ready();
    CHECK(record.opened_with["/dev/null"] == (O_RDONLY | O_CLOEXEC | O_NOCTTY));
    CHECK(record.opened_with["/log"] ==
          (O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
    CHECK(record.open ==
          std::map<int, ino_t>{{0, 1}, {1, file(record, "/log")}, {2, file(record, "/log")}});
}

TEST_CASE("FileStdio: one each") {
    Record record;
    auto daemon = on(record, NoFork{}, FileStdio{"/in", "/out", "/err"}).start();
    REQUIRE(daemon);
    daemon->ready();
    CHECK(record.open == std::map<int, ino_t>{{0, file(record, "/in")},
                                              {1, file(record, "/out")},
                                              {2, file(record, "/err")}});
}

TEST_CASE("a relative path starts where the launcher stood") {
    Record record;
    auto daemon = on(record, NoFork{}, FileStdio<"/in", "out", "../err">{}).start();
    REQUIRE(daemon);
    CHECK(record.has_file("4/out"));
    CHECK(record.has_file("4/../err"));
    CHECK(record.open.count(4) == 1); // kept: reopen() will need it
}

TEST_CASE("where 0-2 were closed nothing of the library's stays there") {
    Record record;
    record.open = {};
    record.forks = {0, 0};
    {
        auto daemon =
            on(record, LogStdio{"x.log"}, PidFile{"x.pid"}, SignalFd<SIGTERM>{}, Syslog<"x">{})
                .start();
        REQUIRE(daemon);
        CHECK(daemon->descriptor() > 2);
        daemon->ready();
        const auto log = std::find_if(record.files.begin(), record.files.end(), [](const auto& f) {
            return f.first.find("x.log") != std::string::npos;
        });
        CHECK(record.open[0] == 1);
        CHECK(record.open[1] == log->second.inode);
        CHECK(record.open[2] == log->second.inode);
    }
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("without a fork the old stderr is kept until ready") {
    Record record;
    record.open[2] = 77;
    const auto kept = [&] {
        const auto found = record.descriptors_above_stdio();
        return found.size() == 1 && record.open[found[0]] == 77 ? found[0] : -1;
    };
    const auto composition = on(record, NoFork{}, LogStdio<"/log">{});
    SECTION("ready") {
        auto daemon = composition.start();
        REQUIRE(daemon);
        CHECK(kept() > 2);
        daemon->ready();
        CHECK(kept() == -1);
    }
    SECTION("fail()") {
        auto daemon = composition.start();
        REQUIRE(daemon);
        const int terminal = kept();
        CHECK(daemon->fail(3, "no configuration") == 3);
        CHECK(record.written ==
              std::map<int, std::string>{
                  {terminal, messages::line("daemon: not ready: no configuration")}});
    }
    SECTION("a body that returns") {
        CHECK(recording::run(composition, [](auto&) { return 5; }) == 5);
        CHECK(record.written.begin()->second ==
              messages::line("daemon: ended before it was ready: status 5"));
    }
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("reopen() puts a new file in place of the old one") {
    Record record;
    auto daemon = on(record, NoFork{}, LogStdio<"/log">{}).start();
    REQUIRE(daemon);
    daemon->ready();
    record.files.clear(); // renamed
    CHECK(daemon->reopen());
    CHECK(record.open[1] == file(record, "/log"));
    CHECK(record.open[2] == file(record, "/log"));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("reopen() that fails keeps the old file, and says so in it") {
    Record record;
    auto daemon = on(record, NoFork{}, FileStdio<"/in", "/out", "/err">{}).start();
    REQUIRE(daemon);
    daemon->ready();
    const auto before = record.open;
    record.fail("open /out", 1, EACCES);
    CHECK_FALSE(daemon->reopen());
    CHECK(record.open == before);
    CHECK(record.written[2] == messages::line("stdio: reopen: Permission denied"));
}
