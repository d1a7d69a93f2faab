// SPDX-License-Identifier: BSL-1.0
// A server that upgrades itself under a supervisor, and what looks at it:
//     upgradable serve PID-FILE SOCKET NOTIFY-FD
//     upgradable look PID-FILE SOCKET PID END
// `look` asks the server, and the pid file who it is, again and again until the file END is there.
// It fails where a connection is refused or not answered, or the pid file names anybody but PID.
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using namespace daemonizer;

namespace {

auto address_of(const char* path) -> sockaddr_un {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

auto listen_at(const char* path) -> int {
    const sockaddr_un address = address_of(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool done =
        ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::listen(fd, 1024) == 0;
    return done ? fd : -1;
}

void answer(int listener) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    char question;
    if (::read(client, &question, 1) == 1)
        ::send(client, &question, 1, MSG_NOSIGNAL);
    ::close(client);
}

auto serve(const char* pid_file, const char* socket, int notify_fd) -> int {
    return Daemonizer{NoFork{},
                      KeepStdio{},
                      PidFile{pid_file},
                      SignalFd<SIGTERM, SIGHUP, SIGUSR2>{},
                      ListenSockets{},
                      SystemdNotify{},
                      DescriptorNotify{notify_fd},
                      Upgrade<SIGUSR2>{}}
        .run([&](auto& daemon) -> int {
            int listener = daemon.socket("front"); // of the program before, or the manager's
            if (listener < 0) {
                listener = listen_at(socket);
                if (listener < 0 || !daemon.store("front", listener))
                    return daemon.fail(1, "cannot listen");
            }
            daemon.ready("serving");
            for (;;) {
                pollfd news[2]{{listener, POLLIN, 0}, {daemon.descriptor(), POLLIN, 0}};
                ::poll(news, 2, -1);
                if (news[1].revents != 0) {
                    const int signal = daemon.wait();
                    if (signal == SIGTERM)
                        return 0;
                    if (signal == SIGUSR2)
                        daemon.upgrade();
                }
                if (news[0].revents != 0)
                    answer(listener);
            }
        });
}

auto answers(const char* path) -> bool {
    const sockaddr_un address = address_of(path);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte = '?';
    const bool done =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
        ::send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && ::read(fd, &byte, 1) == 1 && byte == '?';
    ::close(fd);
    return done;
}

auto look(const char* pid_file, const char* socket, pid_t pid, const char* end) -> int {
    long looks = 0, lost = 0, wrong = 0;
    do {
        const ServiceStatus now = status(Daemonizer{PidFile{pid_file}});
        ++looks;
        lost += answers(socket) ? 0 : 1;
        wrong += now.what == ServiceStatus::state::running && now.pid == pid ? 0 : 1;
    } while (::access(end, F_OK) != 0);
    std::printf("%ld looks, %ld not answered, %ld times another or none\n", looks, lost, wrong);
    return lost == 0 && wrong == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    const std::string verb = argc > 1 ? argv[1] : "";
    if (std::getenv("BEGINS_SLOWLY") != nullptr)
        ::usleep(100'000); // the next version is in place before this one begins its start
    if (verb == "serve" && argc == 5)
        return serve(argv[2], argv[3], std::atoi(argv[4]));
    if (verb == "look" && argc == 6)
        return look(argv[2], argv[3], std::atoi(argv[4]), argv[5]);
    return 2;
}
