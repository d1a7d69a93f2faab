// SPDX-License-Identifier: BSL-1.0
// A daemon for a small machine, such as a router: it is built without the C++ runtime and linked
// with musl into one static file, and uses neither the heap nor stdio. It tells whoever sends it a
// UDP datagram how many bytes an interface has received and sent.
//
//     $ ./example_4_router PIDFILE INTERFACE PORT
//
// examples/CMakeLists.txt has the compiler's command. tests/examples/4_router.sh asks the daemon,
// and says how large it is on disk and in memory.
#include <daemonizer/daemonizer.hpp>

#include <arpa/inet.h>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

// The counter's digits without their end of line; a "?" where it can't be read.
auto read_counter(int directory, const char* name, char* into, std::size_t size) -> std::size_t {
    const int fd = openat(directory, name, O_RDONLY | O_CLOEXEC);
    const ssize_t got = fd < 0 ? -1 : read(fd, into, size);
    if (fd >= 0)
        close(fd);
    if (got > 1)
        return static_cast<std::size_t>(got) - 1;
    *into = '?';
    return 1;
}

void answer(int socket, int counters) {
    sockaddr_in client{};
    socklen_t size = sizeof client;
    auto* const address = reinterpret_cast<sockaddr*>(&client);
    char text[64];
    if (recvfrom(socket, text, sizeof text, MSG_DONTWAIT, address, &size) < 0)
        return;
    std::size_t length = read_counter(counters, "rx_bytes", text, 30);
    text[length++] = ' ';
    length += read_counter(counters, "tx_bytes", text + length, 30);
    text[length++] = '\n';
    sendto(socket, text, length, MSG_DONTWAIT, address, size);
}

auto bind_to(const char* port) -> int {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK); // a router's would be that of its inner side
    return bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) < 0 ? -1 : fd;
}

auto open_counters(const char* interface) -> int {
    const int all = open("/sys/class/net", O_PATH | O_DIRECTORY | O_CLOEXEC);
    const int one = openat(all, interface, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return openat(one, "statistics", O_PATH | O_DIRECTORY | O_CLOEXEC);
}

} // namespace

int main(int argc, char** argv) {
    using namespace daemonizer;
    if (argc != 4) {
        constexpr char usage[] = "usage: example_4_router PIDFILE INTERFACE PORT\n";
        return write(2, usage, sizeof usage - 1) < 0 ? 1 : 2;
    }
    return Daemonizer{PidFile{argv[1]}, SignalFd<SIGTERM>{}}.run([argv](auto& daemon) {
        const int counters = open_counters(argv[2]);
        if (counters < 0)
            return daemon.fail(3, "no such interface");
        const int socket = bind_to(argv[3]);
        if (socket < 0)
            return daemon.fail(4, std::strerror(errno));
        daemon.ready();
        for (;;) {
            pollfd set[] = {{socket, POLLIN, 0}, {daemon.descriptor(), POLLIN, 0}};
            if (poll(set, 2, -1) < 0 && errno != EINTR)
                return 1;
            if (set[1].revents != 0)
                return 0; // SIGTERM is the only one that is collected
            if (set[0].revents != 0)
                answer(socket, counters);
        }
    });
}
