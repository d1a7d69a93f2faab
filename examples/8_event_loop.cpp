// SPDX-License-Identifier: BSL-1.0
// An event loop of one's own: epoll(7) over a timer and the daemon's signals. The loop is made in
// the body: what is opened before `run` is closed in the daemon, and epoll belongs to a process.
//
//     $ ./example_8_event_loop PIDFILE LOG
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <cstdio>
#include <cstring>
#include <sys/epoll.h>
#include <sys/timerfd.h>

int main(int argc, char** argv) {
    using namespace daemonizer;
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s PIDFILE LOG\n", argv[0]);
        return 2;
    }
    const Daemonizer service{PidFile{argv[1]}, LogStdio{argv[2]}, SignalFd<SIGTERM, SIGHUP>{}};
    return service.run([](auto& daemon) {
        const int loop = epoll_create1(EPOLL_CLOEXEC);
        const int timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
        const itimerspec often{{0, 50'000'000}, {0, 50'000'000}};
        bool watches = loop >= 0 && timer >= 0 && timerfd_settime(timer, 0, &often, nullptr) == 0;
        for (const int fd : {daemon.descriptor(), timer}) {
            epoll_event event{};
            event.events = EPOLLIN;
            event.data.fd = fd;
            watches = watches && epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0;
        }
        if (!watches)
            return daemon.fail(1, std::strerror(errno));
        daemon.ready();

        for (unsigned long long ticks = 0, more = 0;;) {
            epoll_event event;
            if (epoll_wait(loop, &event, 1, -1) < 1)
                continue; // EINTR
            if (event.data.fd == timer && read(timer, &more, sizeof more) == sizeof more)
                ticks += more;
            // The descriptor stays the library's: wait_for() takes the signal from it.
            if (event.data.fd == daemon.descriptor()) {
                const int signal = daemon.wait_for(std::chrono::seconds{0});
                std::printf("%llu ticks before signal %d\n", ticks, signal);
                std::fflush(stdout);
                if (signal == SIGTERM)
                    return 0;
            }
        }
    });
}
