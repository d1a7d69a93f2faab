// SPDX-License-Identifier: BSL-1.0
// A service restarted again and again while fifty clients use its socket.
#include "control.hpp"

#include <daemonizer/command_line.hpp>

#include <sys/socket.h>
#include <sys/un.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// A unix socket, addressed through its name.
class Socket {
public:
    explicit Socket(const std::string& path)
        : fd_{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        address_.sun_family = AF_UNIX;
        path.copy(address_.sun_path, sizeof address_.sun_path - 1);
    }
    Socket(const Socket&) = delete;
    auto operator=(const Socket&) -> Socket& = delete;
    ~Socket() { ::close(fd_); }

    auto listen() const -> bool {
        ::unlink(address_.sun_path);
        return ::bind(fd_, address(), sizeof address_) == 0 && ::listen(fd_, 128) == 0;
    }
    auto connect() const -> bool { return ::connect(fd_, address(), sizeof address_) == 0; }
    auto descriptor() const -> int { return fd_; }

private:
    auto address() const -> const sockaddr* {
        return static_cast<const sockaddr*>(static_cast<const void*>(&address_));
    }
    int fd_;
    sockaddr_un address_{};
};

/// Answers every client with the daemon's pid; what has been accepted is answered before the end.
auto answer_clients(const std::string& path) {
    return [&path](auto& daemon) {
        const Socket socket{path};
        if (!socket.listen())
            return daemon.fail(1, "socket");
        tell_pid();
        daemon.ready();
        for (;;) {
            pollfd set[] = {{daemon.descriptor(), POLLIN, 0}, {socket.descriptor(), POLLIN, 0}};
            ::poll(set, 2, -1);
            if (set[0].revents != 0)
                return 0;
            const int client = ::accept4(socket.descriptor(), nullptr, nullptr, SOCK_CLOEXEC);
            ::dprintf(client, "%d", daemon.pid());
            ::close(client);
        }
    };
}

/// The pid that answers; empty where nobody does just now.
auto ask(const std::string& path) -> std::string {
    const Socket socket{path};
    char pid[16];
    if (!socket.connect())
        return "";
    const ssize_t size = ::read(socket.descriptor(), pid, sizeof pid);
    return size > 0 ? std::string(pid, static_cast<std::size_t>(size)) : "";
}

} // namespace

TEST_CASE("restart under fifty concurrent clients", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), socket = scene.path("socket"),
                      last = scene.path("last");
    const Daemonizer service{PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}};
    const auto order = [&](const char* verb) {
        const Outcome outcome = scene.run([&] {
            std::string name = "service", word = verb;
            char* argv[] = {name.data(), word.data(), nullptr};
            return command_line(service, 2, argv, answer_clients(socket));
        });
        CHECK(outcome.err == "");
        CHECK(outcome.status == 0);
    };
    order("start");
    std::string old = scene.fact("pid");

    std::vector<pid_t> clients;
    for (int i = 0; i != 50; ++i)
        clients.push_back(scene.begin([&] {
            tell("client " + ask(socket));
            for (std::string final; final.empty() || ask(socket) != final;)
                final = text_of(last);
            return 0;
        }));
    for (int i = 0; i != 50; ++i)
        CHECK(scene.fact("client") == old);

    for (int round = 0; round != 10; ++round) {
        order("restart");
        const std::string young = scene.fact("pid");
        CHECK(young != old);
        CHECK(scene.end_of(std::stoi(old)) == 0);
        CHECK(words_of(status(service)) == "running " + young);
        old = young;
    }
    write_text(last + ".new", old);
    std::filesystem::rename(last + ".new", last);
    for (const pid_t client : clients)
        CHECK(scene.end_of(client) == 0);
    order("stop");
    CHECK(scene.end_of(std::stoi(old)) == 0);
    CHECK(scene.nobody_stays());
}
