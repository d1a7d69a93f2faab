// SPDX-License-Identifier: BSL-1.0
// Which variables and descriptors tell AutoFork that a supervisor has started this very process.
#include "catch.hpp"
#include "recording_host.hpp"

#include <cstdlib>

using namespace daemonizer;
using recording::File, recording::Record, recording::RecordingHost;

namespace {

/// Nothing of the surroundings of this test is seen, and nothing of a test stays.
struct Environment {
    Environment() { clear(); }
    Environment(const Environment&) = delete;
    auto operator=(const Environment&) -> Environment& = delete;
    ~Environment() { clear(); }

    static void clear() {
        for (const char* const name : {"SYSTEMD_EXEC_PID", "LISTEN_PID", "NOTIFY_SOCKET"})
            ::unsetenv(name);
    }
    static void set(const char* name, const char* value) { ::setenv(name, value, 1); }
};

auto is_supervised(Record& record, int notify_descriptor = -1) -> bool {
    return detail::is_supervised(RecordingHost{&record}, notify_descriptor);
}

} // namespace

TEST_CASE("a variable that is this process's number names it, and nothing like it does") {
    const Environment environment;
    const char* const name = GENERATE("SYSTEMD_EXEC_PID", "LISTEN_PID");
    Record record;
    CHECK_FALSE(is_supervised(record));
    environment.set(name, "100");
    CHECK(is_supervised(record));
    for (const char* const other : {"", "101", "10", "1000", "100x", "x100", "100 ", "-100", "1:0",
                                    "1/0", "99999999999999999999999999999999999999"}) {
        CAPTURE(other);
        environment.set(name, other);
        CHECK_FALSE(is_supervised(record));
    }
}

TEST_CASE("an empty variable is not that of a process without a number") {
    const Environment environment;
    environment.set("LISTEN_PID", "");
    Record record;
    record.pid = 0; // no process has it, but the text must not be read as 0
    CHECK_FALSE(is_supervised(record));
}

TEST_CASE("the first process is supervised by whoever has made its namespace") {
    const Environment environment;
    Record record;
    record.pid = 1;
    CHECK(is_supervised(record));
}

TEST_CASE("a notify socket names this process, unless another one is named") {
    const Environment environment;
    Record record;
    environment.set("NOTIFY_SOCKET", "");
    CHECK_FALSE(is_supervised(record));
    environment.set("NOTIFY_SOCKET", "/run/notify");
    CHECK(is_supervised(record));
    environment.set("SYSTEMD_EXEC_PID", "99");
    CHECK_FALSE(is_supervised(record));
    environment.set("SYSTEMD_EXEC_PID", "100");
    CHECK(is_supervised(record));
}

TEST_CASE("a notify descriptor names this process where it is open, and a pipe or a socket") {
    const Environment environment;
    Record record;
    const auto with = [&](int fd, mode_t kind) {
        record.files["/descriptor"] = File{50, kind};
        record.open[fd] = 50;
        return is_supervised(record, fd);
    };
    CHECK(with(5, S_IFIFO));
    CHECK(with(5, S_IFSOCK));
    CHECK(with(3, S_IFIFO));
    CHECK_FALSE(with(5, S_IFREG));
    CHECK_FALSE(with(5, S_IFCHR));
    CHECK_FALSE(with(2, S_IFIFO)); // stderr, which may be a pipe of a shell's
    record.fail("status 5", 1, EBADF);
    CHECK_FALSE(with(5, S_IFIFO));
    CHECK_FALSE(is_supervised(record, -1));
    CHECK(record.mistakes.empty());
}

TEST_CASE("AutoFork keeps what it has found, and forks only where nobody supervises") {
    const Environment environment;
    const bool supervised = GENERATE(true, false);
    if (supervised)
        environment.set("LISTEN_PID", "100");
    Record record;
    auto daemon = Daemonizer{RecordingHost{&record}, AutoFork{}, KeepStdio{}}.start();
    REQUIRE(daemon);
    CHECK(daemon->supervised() == supervised);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "fork") == (supervised ? 0 : 2));
}

TEST_CASE("AutoFork asks the descriptor of a DescriptorNotify that is composed") {
    const Environment environment;
    Record record;
    record.files["/descriptor"] = File{50, S_IFIFO};
    record.open[7] = 50;
    auto daemon =
        Daemonizer{RecordingHost{&record}, AutoFork{}, KeepStdio{}, DescriptorNotify<7>{}}.start();
    REQUIRE(daemon);
    CHECK(daemon->supervised());
}
