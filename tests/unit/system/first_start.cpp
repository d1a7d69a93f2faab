// SPDX-License-Identifier: BSL-1.0
// How a program was started is read right, whatever it has done to itself before.
#include "catch.hpp"
#include "recording_host.hpp"

#include <cstdlib>

#include <daemonizer/system/toolchain/first_start.hpp>

using namespace daemonizer;
using recording::Record, recording::RecordingHost;
using Words = std::vector<std::string>;

namespace {

struct Host : RecordingHost {
    static inline const char* given = "./program"; ///< to execve(2)
    static auto executed_path() -> const char* { return given; }
};

auto until_null(char** words) -> Words {
    Words all;
    for (; *words != nullptr; ++words)
        all.emplace_back(*words);
    return all;
}

/// What is read where /proc tells these of the process.
struct Reading {
    Record record;
    detail::FirstStart first;

    Reading(const std::string& arguments, const std::string& environment,
            const std::string& link = "/opt/program") {
        record.link = link;
        record.files["/proc/self/cmdline"] = {50};
        record.files["/proc/self/environ"] = {51};
        for (const char* const name :
             {"/proc/self/exe", "./program", "/dev/fd/4", "./called (deleted)"})
            record.files[name] = {52};
        record.contents["/proc/self/cmdline"] = arguments;
        record.contents["/proc/self/environ"] = environment;
        const char* file = "";
        REQUIRE(first.read(Host{{&record}}, file) == 0);
        first.complete(101, 7);
    }
    auto arguments() const -> Words { return until_null(first.arguments); }
    auto environment() const -> Words { return until_null(first.environment); }
};

} // namespace

TEST_CASE("a program starts again as it was started", "[first start]") {
    const Reading reading{std::string{"program\0one\0\0", 13}, std::string{"A=1\0B=\0", 7}};
    CHECK(reading.arguments() == Words{"program", "one", ""});
    CHECK(reading.environment() == Words{"A=1", "B=", "DAEMONIZER_HANDOVER=7"});
    CHECK(reading.first.path == std::string{"./program"});
}

TEST_CASE("a program has written over its arguments and environment, and left no end",
          "[first start]") {
    const std::string arguments(5000, 'a'), environment(6000, 'e');
    const Reading reading{arguments, environment};
    CHECK(reading.arguments() == Words{arguments});
    CHECK(reading.environment() == Words{environment, "DAEMONIZER_HANDOVER=7"});
    CHECK(reading.first.path == std::string{"./program"});
}

TEST_CASE("a program finds what was left for it, whatever it did to its environment",
          "[first start]") {
    Record record;
    const Host host{{&record}};
    record.files["/proc/self/environ"] = {51};
    const std::string filler(600, 'x'); // is read in pieces
    SECTION("the kernel's copy") {
        record.contents["/proc/self/environ"] =
            filler + std::string{"\0X=DAEMONIZER_HANDOVER=4\0DAEMONIZER_HANDOVER=12\0B=\0", 51};
        CHECK(detail::find_handover(host) == 12);
        CHECK(detail::take_handover(host) == 12);
        CHECK(detail::take_handover(host) == -1); // a worker's would be another descriptor
    }
    SECTION("its own") {
        ::setenv("DAEMONIZER_HANDOVER", "13", 1);
        CHECK(detail::take_handover(host) == 13);
        CHECK(::getenv("DAEMONIZER_HANDOVER") == nullptr);
        CHECK(detail::take_handover(host) == -1);
    }
    SECTION("no descriptor") {
        const char* const text = GENERATE("", "2", "-4", "7x", "99999999999");
        ::setenv("DAEMONIZER_HANDOVER", text, 1);
        CHECK(detail::take_handover(host) == -1);
        record.contents["/proc/self/environ"] = "DAEMONIZER_HANDOVER=" + std::string{text} + '\0';
        CHECK(detail::take_handover(host) == -1);
    }
    SECTION("none") {
        record.contents["/proc/self/environ"] = "A=1";
        CHECK(detail::find_handover(host) == -1);
        record.files.clear(); // no /proc
        CHECK(detail::find_handover(host) == -1);
    }
}

TEST_CASE("a program without arguments and environment starts again", "[first start]") {
    const Reading reading{"", ""};
    CHECK(reading.arguments().empty());
    CHECK(reading.environment() == Words{"DAEMONIZER_HANDOVER=7"});
}

TEST_CASE("a descriptor by which a program was executed is not its path", "[first start]") {
    Host::given = GENERATE("/dev/fd/4", "/proc/self/exe");
    const Reading reading{std::string{"program\0", 8}, ""};
    Host::given = "./program";
    CHECK(reading.first.path == std::string{"/opt/program"});
}

TEST_CASE("a program whose file was replaced while it began starts again from that path",
          "[first start]") {
    Host::given = "./replaced"; // another file by now, or none
    const Reading reading{std::string{"program\0", 8}, "", "/opt/program (deleted)"};
    CHECK(reading.first.path == std::string{"/opt/program"});
    Host::given = "./program";
}

TEST_CASE("a program may be called (deleted)", "[first start]") {
    Host::given = "/dev/fd/4";
    const Reading reading{std::string{"program\0", 8}, "", "./called (deleted)"};
    CHECK(reading.first.path == std::string{"./called (deleted)"});
    Host::given = "./program";
}
