// SPDX-License-Identifier: BSL-1.0
// The words of a failure: bounded, one line, and never lost.
#include "catch.hpp"

#include <daemonizer/compose/failure.hpp>

#include <cerrno>
#include <climits>
#include <cstring>
#include <string>
#include <type_traits>

using daemonizer::Failure;
using daemonizer::detail::LineWriter;

namespace {

template <std::size_t Size = 16, class Write>
auto written(Write write) -> std::string {
    char buffer[Size + 1];
    buffer[Size] = '#'; // beyond its end
    LineWriter line{buffer, Size};
    write(line);
    CHECK(buffer[Size] == '#');
    CHECK(*line.end() == '\0');
    return buffer;
}

auto described(const char* what, const char* why) -> Failure {
    Failure failure{};
    failure.describe(what, why, EIO, 3);
    return failure;
}

} // namespace

TEST_CASE("LineWriter writes what there is room for") {
    CHECK(written([](auto&) {}).empty());
    CHECK(written([](auto& line) { line.text("abc").text("").text("def"); }) == "abcdef");
    CHECK(written([](auto& line) { line.text("123456789012345"); }) == "123456789012345");
    CHECK(written([](auto& line) { line.text("1234567890123456"); }) == "123456789012...");
    CHECK(written([](auto& line) { line.text("123456789012345").text("more"); }) ==
          "123456789012345");
}

TEST_CASE("LineWriter leaves room for what follows") {
    CHECK(written([](auto& line) { line.text("1234567890", 5).text("abcde"); }) ==
          "1234567890abcde");
    CHECK(written([](auto& line) { line.text("12345678901", 5).text("abcde"); }) ==
          "1234567...abcde");
    CHECK(written([](auto& line) { line.text("12345", 15).text("abc"); }) == "abc");
    CHECK(written([](auto& line) { line.text("12345", 99).text("abc"); }) == "abc");
}

TEST_CASE("LineWriter writes numbers") {
    CHECK(written([](auto& line) { line.number(0); }) == "0");
    CHECK(written([](auto& line) { line.number(-120); }) == "-120");
    CHECK(written<32>([](auto& line) { line.number(LLONG_MAX); }) == std::to_string(LLONG_MAX));
    CHECK(written<32>([](auto& line) { line.number(LLONG_MIN); }) == std::to_string(LLONG_MIN));
}

TEST_CASE("LineWriter writes one line") {
    CHECK(written([](auto& line) { line.text("a\nb\r\x1b[\x7f\t\x01z"); }) == "a?b??[???z");
    CHECK(written([](auto& line) { line.text("\xc3\xa9"); }) == "\xc3\xa9"); // UTF-8 stays
    CHECK(written([](auto& line) { line.text("a").end_of_line(); }) == "a\n");
    CHECK(written([](auto& line) { line.text("123456789012345").end_of_line(); }) ==
          "12345678901234\n");
}

TEST_CASE("LineWriter writes no control character of C1, and cuts no character of UTF-8") {
    const auto line = [](const char* text) {
        return written<64>([=](auto& writer) { writer.text(text); });
    };
    for (int byte = 0x80; byte != 0xa0; ++byte) {
        const char c1 = static_cast<char>(byte);
        CAPTURE(byte);
        CHECK(line((std::string{"a"} + c1 + "b").c_str()) == "a?b");
        CHECK(line((std::string{"a\xc2"} + c1 + "b").c_str()) == "a?b"); // the same in UTF-8
        CHECK(line((std::string{"a\xe0\x82"} + c1 + "b").c_str()) == "a\xe0??b"); // and too long
        CHECK(line((std::string{"a\xf0\x80\x82"} + c1 + "b").c_str()) == "a\xf0???b");
    }
    // what looks like C1, but is a part of a character
    CHECK(line("\xc3\x9b") == "\xc3\x9b");
    CHECK(line("\xe2\x82\xac \xf0\x9f\x98\x80") == "\xe2\x82\xac \xf0\x9f\x98\x80");
    CHECK(line("\xe9t\xe9") == "\xe9t\xe9"); // Latin-1
    CHECK(line("\xf0\x9f\x98") == "\xf0??"); // the end is missing
    CHECK(line("\xc2") == "\xc2");

    CHECK(written<8>([](auto& writer) { writer.text("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"); }) ==
          "\xc3\xa4\xc3\xa4...");
    CHECK(written<8>([](auto& writer) { writer.text("abc\xc3\xa4\xc3\xa4\xc3\xa4"); }) == "abc...");
    CHECK(written<4>([](auto& writer) { writer.text("ab\xc3\xa4"); }) == "ab");
    CHECK(std::string{daemonizer::detail::PrintableText{"\x1b[2J\xc2\x9b!"}.text()} == "?[2J?!");
}

TEST_CASE("LineWriter works at compile time") {
    STATIC_REQUIRE([] {
        char buffer[8]{};
        LineWriter{buffer, sizeof buffer}.text("a").number(-5);
        return buffer[0] == 'a' && buffer[1] == '-' && buffer[2] == '5' && buffer[3] == '\0';
    }());
}

TEST_CASE("a failure is a plain value") {
    STATIC_REQUIRE(std::is_trivially_copyable_v<Failure>);
    STATIC_REQUIRE(sizeof(Failure) <= 512);
}

TEST_CASE("a failure says what and why") {
    Failure failure{};
    failure.name_step("pid file");
    failure.describe("/run/x.pid", ENOENT);
    CHECK(failure.step() == std::string{"pid file"});
    CHECK(failure.text() == std::string{"/run/x.pid: No such file or directory"});
    CHECK(failure.code() == ENOENT);
    CHECK(failure.exit_status() == 1);

    failure.describe("/run/x.pid", "already running, pid ", EEXIST).number(4711);
    CHECK(failure.text() == std::string{"/run/x.pid: already running, pid 4711"});
    CHECK(failure.code() == EEXIST);
}

TEST_CASE("the reason is kept when what it is about is long") {
    const std::string path(5000, 'p'), reason(100, 'r'), endless(5000, 'r');
    const std::string text = described(path.c_str(), reason.c_str()).text();
    CHECK(text.size() < 456);
    CHECK(text.find("ppp...: rrr") != std::string::npos);
    CHECK(text.substr(text.size() - 100) == reason);

    const std::string both = described(path.c_str(), endless.c_str()).text();
    CHECK(both.find("ppp...: rrr") != std::string::npos);
    CHECK(both.substr(both.size() - 6) == "rrr...");

    const std::string step(100, 's');
    Failure failure{};
    failure.name_step(step.c_str());
    CHECK(failure.step() == std::string(28, 's') + "...");
}

TEST_CASE("control characters of a path do not reach a terminal") {
    CHECK(described("/a\n\x1b[2J", "b\rc").text() == std::string{"/a??[2J: b?c"});
}

TEST_CASE("the status of a failure is one that a process can have, and not 0") {
    const auto status = [](int wanted) {
        Failure failure{};
        failure.describe("a", "b", 0, wanted);
        return failure.exit_status();
    };
    CHECK(status(3) == 3);
    CHECK(status(255) == 255);
    CHECK(status(0) == 1);
    CHECK(status(256) == 1);
    CHECK(status(257) == 1);
    CHECK(status(512 + 3) == 3);
    CHECK(status(-1) == 255);
    CHECK(status(INT_MIN) == 1);
}

TEST_CASE("bytes of another process are made safe to read") {
    Failure failure{};
    failure.name_step("pid file");
    failure.describe("/x", "taken", EEXIST, 3);
    const Failure whole = failure;
    failure.sanitise();
    CHECK(failure.step() == std::string{whole.step()});
    CHECK(failure.text() == std::string{whole.text()});
    CHECK(failure.exit_status() == 3);

    failure.name_step("pid file");
    failure.describe("/x", "taken", EEXIST, 3);
    char forged[sizeof failure];
    std::memcpy(forged, &failure, sizeof failure);
    for (std::size_t at = 0; at + 4 <= sizeof forged; ++at)
        if (std::memcmp(forged + at, "take", 4) == 0)
            std::memcpy(forged + at, "\xc2\x9b\xc3\xa4", 4);
    std::memcpy(static_cast<void*>(&failure), forged, sizeof failure);
    failure.sanitise();
    CHECK(failure.text() == std::string{"/x: ?\xc3\xa4n"});

    std::memset(static_cast<void*>(&failure), '\n', sizeof failure);
    failure.sanitise();
    CHECK(failure.step() == std::string(31, '?'));
    CHECK(failure.text() == std::string(455, '?'));
    CHECK(failure.exit_status() == '\n');

    std::memset(static_cast<void*>(&failure), 0, sizeof failure);
    failure.sanitise();
    CHECK(failure.step() == std::string{});
    CHECK(failure.exit_status() == 1);
}
