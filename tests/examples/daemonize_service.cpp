// SPDX-License-Identifier: BSL-1.0
// A program that speaks to the socket of NOTIFY_SOCKET, for the test of examples/daemonize.
//
//     daemonize_service send MESSAGE...      sends each, then serves until SIGTERM
//     daemonize_service only MESSAGE...      sends each, and leaves with 5
//     daemonize_service fork                 leaves a child, which it names as the main process
//     daemonize_service barrier              as `send READY=1`, and says when that has been read
#include <array>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace {

/// sd_notify(3), with a descriptor where it is not negative.
auto send(const std::string& text, int passed = -1) -> bool {
    const char* const name = std::getenv("NOTIFY_SOCKET");
    if (name == nullptr || name[0] != '@')
        return false;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path + 1, name + 1, sizeof address.sun_path - 2);
    iovec part{const_cast<char*>(text.data()), text.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof passed)> control{};
    msghdr message{};
    message.msg_name = &address;
    message.msg_namelen =
        static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(name));
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (passed >= 0) {
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        cmsghdr* const header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(sizeof passed);
        std::memcpy(CMSG_DATA(header), &passed, sizeof passed);
    }
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const bool sent = sendmsg(fd, &message, MSG_NOSIGNAL) >= 0;
    close(fd);
    return sent;
}

/// sd_notify_barrier(3).
auto wait_until_read() -> bool {
    std::array<int, 2> ends{};
    if (pipe(ends.data()) != 0 || !send("BARRIER=1", ends[1]))
        return false;
    close(ends[1]);
    pollfd end{ends[0], 0, 0};
    return poll(&end, 1, 10'000) == 1;
}

[[noreturn]] void serve() {
    for (;;)
        pause();
}

} // namespace

int main(int argc, char** argv) {
    const std::string what = argc > 1 ? argv[1] : "";
    if (what == "fork") {
        const pid_t child = fork();
        if (child == 0)
            serve();
        std::printf("main process %d\n", child);
        std::fflush(stdout);
        return send("MAINPID=" + std::to_string(child) + "\nREADY=1") ? 0 : 4;
    }
    if (what == "barrier") {
        if (!send("READY=1") || !wait_until_read())
            return 4;
        std::puts("has been read");
        std::fflush(stdout);
        serve();
    }
    for (int i = 2; i < argc; ++i)
        if (!send(argv[i]))
            return 4;
    if (what == "only")
        return 5;
    serve();
}
