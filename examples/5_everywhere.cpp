// SPDX-License-Identifier: BSL-1.0
// One program for every home: a TCP echo server that is right at a shell, under systemd, s6, runit,
// supervisord and OpenRC, and as the first process of a container.
//
//     $ ./example_5_everywhere start --port 7007          at a shell
//     $ ./example_5_everywhere run --notify-fd 3          under a supervisor that names nothing
//
// examples/deploy has what each home wants beside the program.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <vector>

namespace {

/// A socket that listens on the loopback; -1 with errno where there is none to be had.
auto listen_on(int port) -> int {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 || listen(fd, 64) < 0)
        return -1;
    return fd;
}

/// Sends back what a client has sent; false at its end.
auto echo(int client) -> bool {
    char text[4096];
    const ssize_t size = recv(client, text, sizeof text, 0);
    return size > 0 && send(client, text, static_cast<std::size_t>(size), MSG_NOSIGNAL) == size;
}

} // namespace

int main(int argc, char** argv) {
    using namespace daemonizer;
    const char* const port = take_option(argc, argv, "--port");
    const char* const pid_file = take_option(argc, argv, "--pid-file");
    const char* const notify_fd = take_option(argc, argv, "--notify-fd");

    const Daemonizer service{AutoFork{},
                             PidFile{pid_file != nullptr ? pid_file : "/tmp/everywhere.pid"},
                             SignalFd<SIGTERM, SIGHUP>{},
                             IgnoreSignals<SIGPIPE>{},
                             SystemdNotify{},
                             DescriptorNotify{notify_fd != nullptr ? std::atoi(notify_fd) : -1},
                             Watchdog{},
                             ListenSockets{},
                             StderrLog{}};

    const auto serve = [port](auto& daemon) {
        int listener = daemon.socket("echo"); // of a socket unit, which keeps it over a restart
        if (listener < 0)
            listener = listen_on(port != nullptr ? std::atoi(port) : 7007);
        if (listener < 0)
            return daemon.fail(3, std::strerror(errno));

        // How many were served is left with the manager, where there is one with a store, and comes
        // back among the sockets after a restart.
        long served = 0;
        int memory = daemon.socket("served");
        if (memory < 0) {
            memory = memfd_create("served", MFD_CLOEXEC);
            daemon.store("served", memory);
        }
        if (pread(memory, &served, sizeof served, 0) != sizeof served)
            served = 0;

        std::vector<pollfd> watched{{daemon.descriptor(), POLLIN, 0}, {listener, POLLIN, 0}};
        daemon.ready("listening");
        daemon.log(6, "listening"); // LOG_INFO
        for (;;) {
            if (poll(watched.data(), watched.size(), -1) < 0 && errno != EINTR)
                return 1;
            if (watched[0].revents != 0) {
                const int signal =
                    daemon.wait_for(std::chrono::seconds{0}); // pings the watchdog, too
                if (signal == SIGTERM)
                    return 0;
                if (signal == SIGHUP) {
                    daemon.reloading();
                    daemon.log(6, "reloaded");
                    daemon.ready("reloaded");
                }
            }
            if (watched[1].revents != 0)
                if (const int client = accept(listener, nullptr, nullptr); client >= 0) {
                    watched.push_back({client, POLLIN, 0});
                    char text[64];
                    std::snprintf(text, sizeof text, "%ld served", ++served);
                    if (pwrite(memory, &served, sizeof served, 0) < 0)
                        daemon.log(4, "the count is lost"); // LOG_WARNING
                    daemon.log(6, text);
                }
            for (std::size_t i = watched.size(); i-- > 2;)
                if (watched[i].revents != 0 && !echo(watched[i].fd)) {
                    close(watched[i].fd);
                    watched.erase(watched.begin() + static_cast<std::ptrdiff_t>(i));
                }
        }
    };
    return command_line(service, argc, argv, serve,
                        {.about = "sends back what it is sent",
                         .options =
                             "  --port PORT        of the loopback (7007)\n"
                             "  --pid-file FILE    (/tmp/everywhere.pid)\n"
                             "  --notify-fd FD     where a supervisor waits for a newline\n"});
}
