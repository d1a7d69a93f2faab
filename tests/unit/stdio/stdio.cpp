// SPDX-License-Identifier: BSL-1.0
// What becomes of 0-2, and that nothing of the library's lands there.
#include "catch.hpp"
#include "messages.hpp"

#include <climits>

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

namespace {

constexpr uid_t service = 4321, stranger = 4322;

/// The error of a composition's start, or "".
auto error_of(const auto& composition) -> std::string {
    const auto result = composition.start();
    return result ? "" : std::string{result.error().step()} + ": " + result.error().text();
}

/// As that of a start that logs to /srv/log, with directories as the record has them.
auto log_error(Record& record, const recording::File& log) -> std::string {
    record.files["/srv/log"] = log;
    const std::string error = error_of(on(record, NoFork{}, LogStdio<"/srv/log">{}));
    CHECK((error.empty() || record.descriptors_above_stdio().empty()));
    CHECK(record.mistakes.empty());
    return error;
}

auto directory(ino_t inode, uid_t owner, mode_t mode) -> recording::File {
    return {inode, S_IFDIR, 3, owner, mode};
}

} // namespace

TEST_CASE("a log is trusted by the pid file's rule, in its words") {
    Record record;
    CHECK(log_error(record, {60}) == "");
    CHECK(log_error(record, {60, S_IFREG, 1, 0}) == "");
    CHECK(log_error(record, {60, S_IFREG, 2}) == "stdio: /srv/log: has more than one name");
    CHECK(log_error(record, {60, S_IFIFO}) == "stdio: /srv/log: is not a regular file");
    CHECK(log_error(record, {60, S_IFBLK}) == "stdio: /srv/log: is not a regular file");
    CHECK(log_error(record, {60, S_IFLNK}) == "stdio: /srv/log: is a symbolic link");
    record.fail("open /srv/log", 1, ENXIO); // where nobody reads it
    CHECK(log_error(record, {60, S_IFIFO}) == "stdio: /srv/log: is not a regular file");
    record.fail("open /srv/log", 1, ENXIO); // /dev/tty, where there is none
    CHECK(log_error(record, {60, S_IFCHR}) == "stdio: /srv/log: No such device or address");
}

TEST_CASE("a device is good as a log") {
    Record record;
    CHECK(log_error(record, {60, S_IFCHR, 2, stranger, 0620}) == ""); // a user's terminal
}

TEST_CASE("another user's log is good where only he can have put it") {
    constexpr auto refused = "stdio: /srv/log: belongs to another user";
    const recording::File log{60, S_IFREG, 1, service, 0640};
    Record record;
    record.files["/"] = directory(70, 0, 0755);
    SECTION("in a directory of root's") {
        record.files["/srv/"] = directory(71, 0, 0755);
        CHECK(log_error(record, log) == "");
    }
    SECTION("in a directory that a group may write") {
        record.files["/srv/"] = directory(71, 0, 0775);
        CHECK(log_error(record, log) == "");
    }
    SECTION("in his own directory") {
        record.files["/srv/"] = directory(71, service, 0755);
        CHECK(log_error(record, log) == "");
    }
    SECTION("in a third user's directory") {
        record.files["/srv/"] = directory(71, stranger, 0755);
        CHECK(log_error(record, log) == refused);
    }
    SECTION("where everybody writes") {
        record.files["/srv/"] = directory(71, 0, GENERATE(mode_t{0777}, mode_t{01777}));
        CHECK(log_error(record, log) == refused);
    }
    SECTION("where everybody writes further up") {
        record.files["/srv/"] = directory(71, 0, 0755);
        record.files["/"] = directory(70, 0, 0777);
        CHECK(log_error(record, log) == refused);
    }
    SECTION("below a sticky directory, as root has made the one in between") {
        record.files["/srv/"] = directory(71, 0, 0755);
        record.files["/"] = directory(70, 0, 01777);
        CHECK(log_error(record, log) == "");
    }
    SECTION("below a sticky directory, in one that he has made himself") {
        record.files["/srv/"] = directory(71, service, 0755);
        record.files["/"] = directory(70, 0, 01777);
        CHECK(log_error(record, log) == refused);
    }
    SECTION("where the directory cannot be looked at") {
        using Call = std::pair<const char*, int>;
        const auto [call, which] =
            GENERATE(Call{"open /srv/", 2}, Call{"status 5", 1}, Call{"open /", 4},
                     Call{"status 6", 1}, Call{"status 5", 2});
        record.fail(call, which, EACCES);
        record.files["/srv/"] = directory(71, 0, 0755);
        CHECK(log_error(record, log) == refused);
    }
}

TEST_CASE("an input may be a FIFO besides, but no stranger's") {
    Record record;
    record.files["/"] = directory(70, 0, 0777);
    const auto start = [&](const recording::File& in) {
        auto composition = on(record, NoFork{}, FileStdio<"/in", "/out", "/err">{});
        record.files["/in"] = in;
        return error_of(composition);
    };
    CHECK(start({60, S_IFIFO}) == "");
    CHECK(start({60, S_IFIFO, 1, stranger}) == "stdio: /in: belongs to another user");
    CHECK(start({60, S_IFREG, 1, stranger}) == "stdio: /in: belongs to another user");
    CHECK(start({60, S_IFREG, 2}) == "stdio: /in: has more than one name");
    CHECK(start({60, S_IFBLK}) == "stdio: /in: is not a regular file");
    CHECK(start({60, S_IFLNK}) == "stdio: /in: is not a regular file"); // open(2) follows it
    record.files["/out"] = {61, S_IFIFO};
    CHECK(start({60}) == "stdio: /out: is not a regular file");
}

TEST_CASE("reopen() refuses what the start would refuse") {
    Record record;
    auto daemon = on(record, NoFork{}, LogStdio<"/log">{}).start();
    REQUIRE(daemon);
    daemon->ready();
    const auto before = record.open;
    record.files["/log"] = {60, S_IFREG, 2};
    CHECK_FALSE(daemon->reopen());
    CHECK(record.open == before);
    CHECK(record.written[2] == messages::line("stdio: reopen: has more than one name"));
}

TEST_CASE("the directory of a path") {
    Record record;
    const RecordingHost host{&record};
    const auto asked = [&](const std::string& path) {
        record.calls.clear();
        detail::open_directory_of(host, AT_FDCWD, path.c_str());
        return record.calls.at(0);
    };
    CHECK(asked("/log") == "open /");
    CHECK(asked("/var/log/x") == "open /var/log/");
    CHECK(asked("x") == "open .");
    CHECK(asked("../x") == "open ../");
    CHECK(asked(std::string(PATH_MAX + 7, '/')) == "open " + std::string(PATH_MAX - 1, '/'));
}
