// SPDX-License-Identifier: BSL-1.0
// A network daemon that keeps one port below 1024 and one directory, and nothing else. It counts
// its visitors in a file and tells each the number.
//
//     # install -d -o nobody /var/lib/visits
//     # ./example_6_confined start
//     # nc 127.0.0.1 17
//
// docs/confinement.md and docs/identity.md say what each line takes away.
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace daemonizer;

namespace {

using Visits = Daemonizer<
    PidFile<"/run/visits.pid">, Syslog<"visits">, SignalFd<SIGTERM>, IgnoreSignals<SIGPIPE>,
    WorkingDirectory<"/var/lib/visits">,
    // Who it is: nobody, with the one right of root's that it needs.
    RunAs<"nobody", "">, KeepCapabilities<CAP_NET_BIND_SERVICE>, NoNewPrivileges,
    // What it may reach: its directory and its port.
    Landlock<ReadWrite<"/var/lib/visits">, BindTcp<17>>,
    DenySystemCalls<system_calls::mount, system_calls::module, system_calls::reboot,
                    system_calls::swap, system_calls::clock, system_calls::keyring,
                    system_calls::ptrace, system_calls::bpf, system_calls::perf,
                    system_calls::userfaultfd, system_calls::kexec, system_calls::namespaces>,
    // What it may use up or leave behind.
    Limit<RLIMIT_NOFILE, 64>, Limit<RLIMIT_NPROC, 1>, NoCoreDumps, CleanEnvironment<>>;

auto listen_on(int port) -> int {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 || listen(fd, 16) < 0)
        return -1;
    return fd;
}

// The next number, kept over a restart.
auto count() -> long {
    char text[32] = "";
    const int fd = open("count", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || pread(fd, text, sizeof text - 1, 0) < 0)
        return -1;
    const long number = std::atol(text) + 1;
    const int size = std::snprintf(text, sizeof text, "%ld\n", number);
    const bool written = pwrite(fd, text, static_cast<std::size_t>(size), 0) == size;
    close(fd);
    return written ? number : -1;
}

} // namespace

int main(int argc, char** argv) {
    const auto serve = [](auto& daemon) {
        const int listener = listen_on(17);
        if (listener < 0)
            return daemon.fail(3, std::strerror(errno));
        daemon.ready();
        daemon.log(LOG_INFO, daemon.confinement().text()); // how much of it this kernel can do
        for (;;) {
            pollfd set[] = {{listener, POLLIN, 0}, {daemon.descriptor(), POLLIN, 0}};
            if (poll(set, 2, -1) < 0 && errno != EINTR)
                return 1;
            if (set[1].revents != 0)
                return 0;
            const int visitor = accept(listener, nullptr, nullptr);
            if (visitor < 0)
                continue;
            dprintf(visitor, "%ld\n", count());
            close(visitor);
        }
    };
    return command_line(Visits{}, argc, argv, serve, {.about = "counts its visitors"});
}
