// SPDX-License-Identifier: BSL-1.0
// The address of a supervisor, and the messages to it.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <cerrno>
#include <string>

using namespace daemonizer::detail;
using kind = NotifyAddress::kind;

namespace {

auto parsed(const char* text) {
    NotifyAddress address;
    const int error = address.parse(text);
    CHECK(error == 0);
    return address;
}

auto refused(const std::string& text) {
    NotifyAddress address;
    const int error = address.parse(text.c_str());
    CHECK(address.is == kind::none);
    return error;
}

auto text_of(const NotifyMessage& message) { return std::string(message.data(), message.size()); }

} // namespace

TEST_CASE("no address is nobody's") {
    CHECK(parsed(nullptr).is == kind::none);
    CHECK(parsed("").is == kind::none);
}

TEST_CASE("a path is as long as it is") {
    const auto address = parsed("/run/x");
    CHECK(address.is == kind::local);
    CHECK(address.size == offsetof(sockaddr_un, sun_path) + 6);
    CHECK(std::string(address.local.sun_path) == "/run/x");
}

TEST_CASE("an abstract name begins with NUL and has no terminator") {
    const auto address = parsed("@name");
    CHECK(address.is == kind::local);
    CHECK(address.size == offsetof(sockaddr_un, sun_path) + 5);
    CHECK(std::string(address.local.sun_path, 5) == std::string("\0name", 5));
}

TEST_CASE("a name that is too long for a socket is refused, and one that just fits is not") {
    const std::size_t room = sizeof(sockaddr_un{}.sun_path);
    CHECK(refused("/" + std::string(room - 1, 'x')) == -E2BIG);
    CHECK(parsed(("/" + std::string(room - 2, 'x')).c_str()).size == sizeof(sockaddr_un) - 1);
    CHECK(refused("@" + std::string(room, 'x')) == -E2BIG);
    CHECK(parsed(("@" + std::string(room - 1, 'x')).c_str()).size == sizeof(sockaddr_un));
}

TEST_CASE("a vsock has a machine and a port, and perhaps a type") {
    const auto open = parsed("vsock:2:1234");
    CHECK(open.is == kind::vsock);
    CHECK(open.cid == 2);
    CHECK(open.port == 1234);
    CHECK(open.type == 0);
    CHECK(parsed("vsock-stream:2:1").type == SOCK_STREAM);
    CHECK(parsed("vsock-dgram:2:1").type == SOCK_DGRAM);
    CHECK(parsed("vsock-seqpacket:2:4294967295").type == SOCK_SEQPACKET);
    for (const char* wrong :
         {"vsock", "vsock:", "vsock:2", "vsock::1", "vsock:2:", "vsock:2:x", "vsock:4294967295:1",
          "vsock:2:4294967296", "vsock-raw:2:1", "vsock:2:1 "})
        CHECK(refused(wrong) == -EINVAL);
}

TEST_CASE("a number is a descriptor") {
    CHECK(parsed("7").is == kind::descriptor);
    CHECK(parsed("7").descriptor == 7);
    CHECK(refused("7x") == -EINVAL);
    CHECK(refused("4294967295") == -EINVAL);
}

TEST_CASE("what is no address is refused") {
    for (const char* wrong : {"run/x", "/", "@", "unix:/x", " /run/x"})
        CHECK(refused(wrong) == -EINVAL);
}

TEST_CASE("assignments stand a line each") {
    NotifyMessage message;
    message.key("MAINPID").number(4711).key("READY").number(1).key("X").number(0);
    CHECK(text_of(message) == "MAINPID=4711\nREADY=1\nX=0");
    CHECK(text_of(NotifyMessage{}.key("A").number(~0ULL)) == "A=18446744073709551615");
}

TEST_CASE("a text begins no assignment of its own") {
    CHECK(text_of(NotifyMessage{}.key("STATUS").text("a\nMAINPID=1\r\x01\x7f.")) ==
          "STATUS=a MAINPID=1   .");
}

TEST_CASE("a text that is too long is cut between two characters") {
    const auto cut = [](std::size_t size, const char* rest) {
        std::string text(size, 'x');
        text += rest;
        return text_of(NotifyMessage{}.key("STATUS").text(text.c_str())).substr(7);
    };
    CHECK(cut(1999, "") == std::string(1999, 'x'));
    CHECK(cut(9999, "") == std::string(2000, 'x'));
    CHECK(cut(1999, "\xc3\xa4z") == std::string(1999, 'x'));
    CHECK(cut(1998, "\xe2\x82\xac") == std::string(1998, 'x'));
    CHECK(cut(1997, "\xe2\x82\xacz").size() == 2000);
}
