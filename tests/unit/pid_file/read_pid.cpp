// SPDX-License-Identifier: BSL-1.0
#include "catch.hpp"
#include "recording_host.hpp"

using recording::Record, recording::RecordingHost;

namespace {

auto read_pid(const std::string& content) -> pid_t {
    Record record;
    record.content = content;
    return daemonizer::detail::read_pid(RecordingHost{&record}, 3);
}

} // namespace

TEST_CASE("the number of a pid file, with or without its newline") {
    CHECK(read_pid("4711\n") == 4711);
    CHECK(read_pid("4711") == 4711);
    CHECK(read_pid("2") == 2);
    CHECK(read_pid("1\n") == 1); // the first process of a container
    CHECK(read_pid("0004711\n") == 4711);
    CHECK(read_pid("2147483647\n") == 2147483647);
}

TEST_CASE("an empty pid file is one that is not written yet") { CHECK(read_pid("") == 0); }

TEST_CASE("all else is no pid, and never one that kill(2) takes for a group or for all") {
    CHECK(read_pid("0\n") == -1);
    CHECK(read_pid("-1\n") == -1);
    CHECK(read_pid("-4711\n") == -1);
    CHECK(read_pid("+4711\n") == -1);
    CHECK(read_pid("\n") == -1);
    CHECK(read_pid(" 4711\n") == -1);
    CHECK(read_pid("4711 \n") == -1);
    CHECK(read_pid("12 ") == -1);
    CHECK(read_pid("4711\n\n") == -1);
    CHECK(read_pid("47\n11\n") == -1);
    CHECK(read_pid("4711\r\n") == -1);
    CHECK(read_pid("0x10\n") == -1);
    CHECK(read_pid("garbage") == -1);
    CHECK(read_pid(std::string("47\0"
                               "11",
                               5)) == -1);
    CHECK(read_pid("2147483648\n") == -1);
    CHECK(read_pid("4294967297\n") == -1);
    CHECK(read_pid("18446744073709551617\n") == -1);
    CHECK(read_pid(std::string(40, '1')) == -1);
    CHECK(read_pid(std::string(40, '0')) == -1);
}

TEST_CASE("a number that is cut by the bound is not read as a shorter one") {
    CHECK(read_pid("00000000004711\n") == 4711);
    CHECK(read_pid("000000000004711") == 4711);
    CHECK(read_pid("000000000004711\n") == -1);
    CHECK(read_pid("0000000000047110") == -1);
    CHECK(read_pid("00000000000047110\n") == -1);
}

TEST_CASE("a pid file that cannot be read has no number") {
    Record record;
    record.content = "4711\n";
    record.fail("read_at", 1, EIO);
    CHECK(daemonizer::detail::read_pid(RecordingHost{&record}, 3) == -1);
}
