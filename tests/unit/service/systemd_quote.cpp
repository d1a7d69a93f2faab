// SPDX-License-Identifier: BSL-1.0
// What the words of a systemd unit may have in them, by the place where they stand.
#include "catch.hpp"

#include <daemonizer/service/detail/systemd_quote.hpp>

#include <string>

using namespace daemonizer;
using detail::UnitWriter, detail::unit_word;

namespace {

auto rejection(const std::string& word, unit_word at) -> std::string {
    UnitWriter unit{false};
    unit.begin("ExecStart");
    unit.word(word.c_str(), at);
    unit.end();
    return unit.rejection() == nullptr ? "" : unit.rejection();
}

} // namespace

TEST_CASE("systemd names no program with a quotation mark or a backslash in its path") {
    for (const char special : {'"', '\'', '\\'}) {
        const std::string word = std::string{"/usr/bin/it"} + special + "s";
        CHECK(rejection(word, unit_word::program) ==
              "a program cannot be named in a unit with such a path");
        CHECK(rejection(word, unit_word::argument) == "");
        CHECK(rejection(word, unit_word::directory) == "");
    }
    for (const char* const word : {"/usr/bin/a b", "/usr/bin/a$b", "/usr/bin/a%b", "/usr/bin/a;b"})
        CHECK(rejection(word, unit_word::program) == "");
}

TEST_CASE("only an argument may be any bytes") {
    for (const char* const word : {"/a\nb", "/a\tb", "/a\x7f", "/a\xff", "/a\xc2\x85"}) {
        const std::string reason = "has a control character or no UTF-8, which no unit can say";
        CHECK(rejection(word, unit_word::program) == reason);
        CHECK(rejection(word, unit_word::directory) == reason);
        CHECK(rejection(word, unit_word::argument) == "");
    }
}
