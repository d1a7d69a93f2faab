// SPDX-License-Identifier: BSL-1.0
// A message to a supervisor outside of the virtual machine, before a host that only records.
#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <vector>

using namespace daemonizer::detail;

namespace {

struct Host {
    std::vector<std::string>* calls;
    int no_type = 0;          ///< a type of socket that this kernel lacks
    int ports_in_use = 0;     ///< from 1023 downwards
    int answers_on_bind = 0;  ///< after those
    long answer = 0;          ///< what the receiver sends back
    const char* failing = ""; ///< the call that fails
    bool hangs = false;
    int* interrupts = nullptr; ///< signals that are handled while it waits, a second each
    long long* time = nullptr;
    std::size_t at_once = 1000; ///< bytes that one send takes

    auto call(const std::string& line) const -> int {
        calls->push_back(line);
        return line.rfind(failing, 0) == 0 && *failing != '\0' ? -EIO : 0;
    }
    auto open_socket(int processes, int type) const -> int {
        call("socket " + std::to_string(processes) + ' ' + std::to_string(type));
        return type == no_type ? -ESOCKTNOSUPPORT : 9;
    }
    auto bind_socket(int, const void* address, socklen_t) const -> int {
        const auto& own = *static_cast<const VsockAddress*>(address);
        call("bind " + std::to_string(own.port));
        return own.port + static_cast<unsigned>(ports_in_use) > 1023 ? -EADDRINUSE
                                                                     : answers_on_bind;
    }
    auto connect_socket(int, const void* address, socklen_t size) const -> int {
        const auto& to = *static_cast<const VsockAddress*>(address);
        return call("connect " + std::to_string(to.cid) + ' ' + std::to_string(to.port) + " of " +
                    std::to_string(size));
    }
    auto send(int, const void* text, std::size_t size) const -> long {
        const std::size_t taken = std::min(size, at_once);
        const int error = call("send " + std::string(static_cast<const char*>(text), taken));
        return error < 0 ? error : static_cast<long>(taken);
    }
    auto stop_sending(int) const -> int { return call("shut"); }
    auto poll(pollfd*, nfds_t, const timespec* limit, const sigset_t*) const -> int {
        const int error = call("poll " + std::to_string(limit->tv_sec));
        if (interrupts != nullptr && *interrupts != 0 && limit->tv_sec != 0) {
            --*interrupts;
            *time += 1'000'000'000;
            return -EINTR;
        }
        return error < 0 ? error : hangs ? 0 : 1;
    }
    auto now() const -> long long { return time == nullptr ? 0 : *time; }
    auto read(int, void*, std::size_t) const -> long { return call("read"), answer; }
    auto close(int) const -> int { return call("close"), 0; }
};

struct Sent {
    int answer;
    std::vector<std::string> calls;
};
auto sent(const VsockTarget& target, Host host, const char* text = "READY=1") -> Sent {
    Sent sent;
    host.calls = &sent.calls;
    sent.answer = target.send(host, text, std::strlen(text));
    return sent;
}
using Calls = std::vector<std::string>;

} // namespace

TEST_CASE("a datagram is sent from a port of root's") {
    const auto [answer, calls] = sent({2, 99, 0}, Host{});
    CHECK(answer == 0);
    CHECK(calls ==
          Calls{"socket 40 2", "bind 1023", "connect 2 99 of 16", "send READY=1", "close"});
}

TEST_CASE("a stream is sent in parts, and its end is waited for") {
    Host host{};
    host.at_once = 4;
    const auto [answer, calls] = sent({2, 99, SOCK_STREAM}, host);
    CHECK(answer == 0);
    CHECK(calls == Calls{"socket 40 1", "bind 1023", "connect 2 99 of 16", "send READ", "send Y=1",
                         "shut", "poll 5", "read", "close"});
}

TEST_CASE("a type that the kernel lacks is passed over, unless it is the one that was named") {
    Host host{};
    host.no_type = SOCK_DGRAM;
    CHECK(sent({2, 99, 0}, host).calls.at(1) == "socket 40 5"); // SOCK_SEQPACKET
    const auto [answer, calls] = sent({2, 99, SOCK_DGRAM}, host);
    CHECK(answer == -ESOCKTNOSUPPORT);
    CHECK(calls == Calls{"socket 40 2"});
}

TEST_CASE("a port in use is passed over, and a right that is missing is not needed") {
    Host host{};
    host.ports_in_use = 2;
    host.answers_on_bind = -EACCES;
    const auto [answer, calls] = sent({2, 99, 0}, host);
    CHECK(answer == 0);
    CHECK(calls.at(3) == "bind 1021");
    CHECK(calls.at(4) == "connect 2 99 of 16");
}

TEST_CASE("a manager's socket can be a vsock, which passes no descriptors") {
    std::vector<std::string> calls;
    Host host{};
    host.calls = &calls;
    struct WholeHost : Host { // the calls of the other kinds of addresses
        auto send_message(int, const msghdr&) const -> long { return -EIO; }
        auto status_flags(int) const -> int { return -EIO; }
        auto close_on_exec(int) const -> int { return -EIO; }
        auto write(int, const void*, std::size_t) const -> long { return -EIO; }
        auto duplicate_above_stdio(int) const -> int { return -EIO; }
        static auto now() -> long long { return 0; }
    };
    const WholeHost whole{host};
    NotifySocket socket;
    CHECK(socket.open(whole, "vsock-dgram:2:99") == 0);
    CHECK(calls.empty());
    CHECK(socket.send(whole, "READY=1", 7) == 0);
    CHECK(calls ==
          Calls{"socket 40 2", "bind 1023", "connect 2 99 of 16", "send READY=1", "close"});
    CHECK(socket.send(whole, "FDSTORE=1", 9, 0, 5) == -EOPNOTSUPP);
    CHECK(calls.size() == 5);
}

TEST_CASE("a call that fails ends the message, and the socket is closed") {
    for (const char* const call : {"connect", "send Y", "shut", "poll"}) {
        Host host{};
        host.at_once = 4;
        host.failing = call;
        const auto [answer, calls] = sent({2, 99, SOCK_STREAM}, host);
        CHECK(answer == -EIO);
        CHECK(calls.at(calls.size() - 2).rfind(call, 0) == 0);
        CHECK(calls.back() == "close");
    }
}

TEST_CASE("a receiver that answers, fails or hangs is an error") {
    Host host{};
    host.answer = 1;
    CHECK(sent({2, 99, SOCK_STREAM}, host).answer == -EPROTO);
    host.answer = -ECONNRESET;
    CHECK(sent({2, 99, SOCK_STREAM}, host).answer == -ECONNRESET);
    host.hangs = true;
    const auto [answer, calls] = sent({2, 99, SOCK_STREAM}, host);
    CHECK(answer == -ETIMEDOUT);
    CHECK(calls.back() == "close");
}

TEST_CASE("a signal that is handled does not end the wait for the receiver, nor makes it longer") {
    long long time = 7;
    int interrupts = GENERATE(2, 100);
    Host host{};
    host.time = &time;
    host.hangs = interrupts == 100;
    host.interrupts = &interrupts;
    const auto [answer, calls] = sent({2, 99, SOCK_STREAM}, host);
    CHECK(answer == (host.hangs ? -ETIMEDOUT : 0));
    CHECK(std::count(calls.begin(), calls.end(), "poll 3") == 1);
    CHECK(interrupts == (host.hangs ? 95 : 0));
}

TEMPLATE_TEST_CASE("the calls that reach a manager, as this system makes them", "",
                   daemonizer::PosixHost, RawHost) {
    const TestType host;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string name = "/daemonizer vsock " + std::to_string(::getpid());
    name.copy(address.sun_path + 1, sizeof address.sun_path - 1); // an abstract one
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());

    const int manager = host.open_socket(AF_UNIX, SOCK_SEQPACKET);
    REQUIRE(manager > 2);
    CHECK(::fcntl(manager, F_GETFD) == FD_CLOEXEC);
    const int daemon = host.open_socket(AF_UNIX, SOCK_SEQPACKET);
    REQUIRE(daemon > 2);
    CHECK(host.connect_socket(daemon, &address, size) == -ECONNREFUSED);
    CHECK(host.bind_socket(manager, &address, size) == 0);
    CHECK(host.bind_socket(daemon, &address, size) == -EADDRINUSE);
    REQUIRE(::listen(manager, 1) == 0);
    CHECK(host.connect_socket(daemon, &address, size) == 0);
    const int accepted = ::accept(manager, nullptr, nullptr);
    REQUIRE(accepted > 2);

    char byte = 'x';
    iovec part{&byte, 1};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    CHECK(host.send_message(daemon, message) == 1);
    CHECK(host.stop_sending(daemon) == 0);
    CHECK(host.send_message(daemon, message) == -EPIPE); // and no signal
    CHECK(::recv(accepted, &byte, 1, 0) == 1);
    CHECK(::recv(accepted, &byte, 1, 0) == 0);
    CHECK(host.stop_sending(-1) == -EBADF);

    const int copy = host.duplicate_above_stdio(manager);
    CHECK(copy > 2);
    CHECK(::fcntl(copy, F_GETFD) == FD_CLOEXEC);
    CHECK(host.duplicate_above_stdio(-1) == -EBADF);
    for (const int fd : {manager, daemon, accepted, copy})
        ::close(fd);
}
