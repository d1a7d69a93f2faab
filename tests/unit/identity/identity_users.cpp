// SPDX-License-Identifier: BSL-1.0
// The reader of /etc/passwd and /etc/group, the lists of groups, and the environment.
#include "catch.hpp"
#include "messages.hpp"

#include <cstddef>
#include <cstdlib>
#include <grp.h>
#include <pwd.h>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;

namespace {

struct Found {
    std::string line; ///< of a refusal
    unsigned user = 0, group = 0;
    std::vector<gid_t> groups;
};

auto account_of(const std::string& user_file, const std::string& group_file, const char* user,
                const char* group = "", int failing_read = 0) -> Found {
    Record record;
    record.fail("read", failing_read, EIO);
    record.files["/etc/passwd"] = {20};
    record.files["/etc/group"] = {21};
    record.contents["/etc/passwd"] = user_file;
    record.contents["/etc/group"] = group_file;
    const Daemonizer service{RecordingHost{&record},
                             NoFork{},
                             KeepStdio{},
                             KeepSignals{},
                             KeepUmask{},
                             KeepDirectory{},
                             KeepDescriptors{},
                             RunAs<"", "", UserFiles>{user, group}};
    Found found;
    const int status = recording::run(service, [&] {
        found.user = record.rights.users.effective;
        found.group = record.rights.group_ids.effective;
        found.groups = record.rights.groups;
    });
    CHECK(record.mapped == 0);
    CHECK(record.descriptors_above_stdio().empty());
    CHECK((status == 0) == record.written[2].empty());
    found.line = record.written[2];
    return found;
}

const std::string users = "root:x:0:0:root:/root:/bin/sh\n"
                          "clo:x:1:1::/:\n"
                          "clocks:x:2:2::/:\n"
                          "clock:x:1000:100:A clock:/:\n"
                          "last:x:7:8";
const std::string groups = "root:x:0:\n"
                           "adm:x:4:root,clock\n"
                           "clo:x:5:clo,clocks,cloc\n"
                           "own:x:100:clock\n"
                           "twice:x:6:clock,clock\n"
                           "tty:x:3:clock";

} // namespace

TEST_CASE("a user with the groups that name him") {
    const Found found = account_of(users, groups, "clock");
    CHECK(found.line == "");
    CHECK(found.user == 1000);
    CHECK(found.group == 100);
    CHECK(found.groups == std::vector<gid_t>{3, 4, 6, 100});
}

TEST_CASE("a group of its own choice") {
    const Found found = account_of(users, groups, "clock", "clo");
    CHECK(found.group == 5);
    CHECK(found.groups == std::vector<gid_t>{3, 4, 5, 6, 100});
}

TEST_CASE("a last line without its end") {
    const Found found = account_of(users, groups, "last", "tty");
    CHECK(found.user == 7);
    CHECK(found.group == 3);
    CHECK(found.groups == std::vector<gid_t>{3});
}

TEST_CASE("names that are not there") {
    for (const char* const user :
         {"cloc", "clock:x", "x", "1000", "clock:x:1000", "A clock", "clock\n", " clock"})
        CHECK(account_of(users, groups, user).line.find(": no such user\n") != std::string::npos);
    for (const char* const group : {"ad", "adm:x", "root,clock", "4", "clock"})
        CHECK(account_of(users, groups, "clock", group).line ==
              messages::line(std::string{"run as: "} + group + ": no such group"));
    CHECK(account_of("", "", "clock").line == messages::line("run as: clock: no such user"));
}

TEST_CASE("names that are no text") {
    CHECK(account_of(users, groups, "").line == messages::line("run as: user: is empty"));
    CHECK(account_of(users, groups, nullptr).line == messages::line("run as: user: is empty"));
    CHECK(account_of(users, groups, "clock", nullptr).line ==
          messages::line("run as: group: is empty"));
}

TEST_CASE("lines that are no account") {
    for (const std::string line :
         {"clock", "clock:", "clock:x", "clock:x:1",
          "clock:x::1:", "clock:x:1::", "clock:x:-1:1:", "clock:x: 1:1:", "clock:x:4294967296:1:",
          "clock:x:1:99999999999999999999999:", "clock:x:0x1:1:"}) {
        INFO(line);
        CHECK(account_of("root:x:0:0::/:\n" + line + "\nx:x:1:1::/:\n", groups, "clock").line ==
              messages::line("run as: clock: its line has no valid id"));
    }
    CHECK(account_of("clock:x:4294967295:1:\n", "", "clock").line ==
          messages::line("run as: clock: has the id 4294967295, which stands for none"));
    CHECK(account_of(users, "adm:x::clock\n", "clock").line.find("its line has no valid id") !=
          std::string::npos);
    // Lines that have nothing to do with him are passed over.
    CHECK(
        account_of("#\n\n:::\n+::\n" + users, "#\n\n:::\n+\nx:x\nx:x:y\n" + groups, "clock").line ==
        "");
}

TEST_CASE("a file that cannot be read to the end of the user's line") {
    const std::string before(1020, '\n'); // a buffer of the reader has 1024 characters
    CHECK(account_of(before + users, groups, "root").line == "");
    for (const int read : {1, 2, 3})
        CHECK(account_of(before + users, groups, "root", "", read).line ==
              messages::line(std::string{"run as: "} + (read == 3 ? "/etc/group" : "/etc/passwd") +
                             ": Input/output error"));
}

TEST_CASE("lines longer than any buffer") {
    const std::string filler(10000, 'x');
    std::string members;
    for (int i = 0; i != 5000; ++i)
        members += "user" + std::to_string(i) + ',';
    const Found found =
        account_of("a:x:1:1:" + filler + "\nclock:x:1000:100:" + filler + ":/:\n",
                   filler + ":x:9:" + filler + ",clock\nmany:x:8:" + members + "clock\n", "clock");
    CHECK(found.user == 1000);
    CHECK(found.groups == std::vector<gid_t>{8, 9, 100});
}

TEST_CASE("a user in 65,535 groups, and in 70,000") {
    const auto many = [](unsigned count) {
        std::string file;
        for (unsigned i = 0; i != count; ++i)
            file += "g:x:" + std::to_string(1000000 - i) + ":clock\n";
        return file;
    };
    const Found found = account_of(users, many(65535), "clock");
    CHECK(found.groups.size() == 65536);
    CHECK(std::is_sorted(found.groups.begin(), found.groups.end()));
    CHECK(account_of(users, many(70000), "clock").line ==
          messages::line("run as: clock: is in 70000 groups; the kernel takes 65536"));
}

TEST_CASE("the entries of libc are laid out as they are declared here") {
    using daemonizer::detail::PasswdEntry, daemonizer::detail::GroupEntry;
    STATIC_REQUIRE(sizeof(PasswdEntry) == sizeof(::passwd));
    STATIC_REQUIRE(offsetof(PasswdEntry, user) == offsetof(::passwd, pw_uid));
    STATIC_REQUIRE(offsetof(PasswdEntry, group) == offsetof(::passwd, pw_gid));
    STATIC_REQUIRE(sizeof(GroupEntry) == sizeof(::group));
    STATIC_REQUIRE(offsetof(GroupEntry, group) == offsetof(::group, gr_gid));
}

TEST_CASE("lists of groups") {
    using daemonizer::detail::only_others;
    std::vector<gid_t> list;
    for (unsigned i = 0; i != 1000; ++i)
        list.push_back(i * 7919 % 1009);
    list.insert(list.end(), {5, 5, 5, 0});
    auto expected = list;
    std::sort(expected.begin(), expected.end());
    expected.erase(std::unique(expected.begin(), expected.end()), expected.end());
    expected.erase(std::find(expected.begin(), expected.end(), 5));
    list.resize(only_others(list.data(), list.size(), 5));
    CHECK(list == expected);
    CHECK(only_others(nullptr, 0, 0) == 0);
}

TEST_CASE("an environment of the named variables and a path") {
    struct Restored {
        char** before = environ;
        ~Restored() { environ = before; }
    } restored;
    char a[] = "TZ=UTC", b[] = "TZ2=x", c[] = "LD_PRELOAD=/x", d[] = "TZ=later", e[] = "PATH=/evil",
         f[] = "TZONLY", g[] = "EMPTY=";
    char* given[] = {f, b, a, c, d, e, g, nullptr};
    environ = given;
    Record record;
    const auto start = [&](auto policy) {
        std::vector<std::string> seen;
        const Daemonizer service{RecordingHost{&record}, NoFork{},    KeepStdio{},
                                 KeepSignals{},          KeepUmask{}, KeepDirectory{},
                                 KeepDescriptors{},      policy};
        CHECK(recording::run(service, [&] {
                  for (char** variable = environ; *variable != nullptr; ++variable)
                      seen.emplace_back(*variable);
              }) == 0);
        return seen;
    };
    const std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    SECTION("some") {
        CHECK(start(CleanEnvironment<"TZ", "MISSING", "EMPTY">{}) ==
              std::vector<std::string>{"TZ=UTC", "EMPTY=", path});
        SECTION("and the same again") {
            CHECK(start(CleanEnvironment<"TZ", "MISSING", "EMPTY">{}) ==
                  std::vector<std::string>{"TZ=UTC", "EMPTY=", path});
        }
        SECTION("to which libc may add") {
            CHECK(::setenv("ADDED", "1", 1) == 0);
            CHECK(std::string{std::getenv("ADDED")} == "1");
            CHECK(std::string{std::getenv("TZ")} == "UTC");
            ::unsetenv("ADDED");
        }
    }
    SECTION("none") { CHECK(start(CleanEnvironment<>{}) == std::vector<std::string>{path}); }
    SECTION("the starter's path") {
        CHECK(start(CleanEnvironment<"PATH">{}) == std::vector<std::string>{"PATH=/evil"});
    }
    SECTION("where there is none at all") {
        environ = nullptr;
        CHECK(start(CleanEnvironment<"HOME">{}) == std::vector<std::string>{path});
    }
    CHECK(std::string{e} == "PATH=/evil"); // text that getenv has returned stays
}

TEST_CASE("signals act while users are looked up, and are held back again") {
    Record record;
    record.files["/etc/passwd"] = {20};
    record.files["/etc/group"] = {21};
    record.contents["/etc/passwd"] = users;
    record.contents["/etc/group"] = groups;
    void (*const handler)(int) = [](int) {};
    record.dispositions[SIGINT].sa_handler = handler;
    record.dispositions[SIGHUP].sa_handler = SIG_IGN;
    record.blocked_before = {SIGQUIT};
    const auto find = [&](auto fork) {
        const Daemonizer service{
            RecordingHost{&record},         fork, KeepStdio{}, KeepSignals{}, PidFile<"/x.pid">{},
            RunAs<"clock", "", UserFiles>{}};
        CHECK(recording::run(service, [] {}) == 0);
        std::vector<std::string> seen;
        for (const std::string& call : record.calls)
            for (const char* const kind : {"block", "unblock", "default INT", "handle INT",
                                           "open /etc/passwd", "open /x.pid"})
                if (call.rfind(kind, 0) == 0)
                    seen.push_back(call);
        return seen;
    };
    using Calls = std::vector<std::string>;
    SECTION("run() has no use for the program's handlers") {
        CHECK(find(DoubleFork{}) == Calls{"default INT", "unblock INT ALRM TERM",
                                          "open /etc/passwd", "block INT ALRM TERM", "handle INT",
                                          "open /x.pid.new"});
    }
    SECTION("without a fork the program goes on with them") {
        CHECK(find(NoFork{}) ==
              Calls{"unblock ALRM TERM", "open /etc/passwd", "block ALRM TERM", "open /x.pid.new"});
    }
    CHECK(record.dispositions[SIGINT].sa_handler == handler);
    CHECK(record.dispositions[SIGHUP].sa_handler == SIG_IGN);
    const auto place = [&](const std::string& call) {
        return std::find(record.calls.begin(), record.calls.end(), call);
    };
    CHECK(place("chmod 3 0644") < place("setresuid 1000 1000 1000")); // only its owner may
    CHECK(place("setresuid 1000 1000 1000") != record.calls.end());
}
