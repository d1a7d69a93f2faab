// SPDX-License-Identifier: BSL-1.0
// The daemon that is built in every way in which one might, and started by the script `start`. It
// uses nothing but the library and C.
//
//     daemon PIDFILE [fail | die]      before ready
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstring>

#ifndef FORK
#define FORK DoubleFork
#endif

using namespace daemonizer;

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    const char* const wish = argc > 2 ? argv[2] : "";
    const Daemonizer service{FORK{}, NullStdio{}, PidFile{argv[1]}, SignalFd<SIGTERM>{}};
    return service.run([wish](auto& daemon) {
        if (std::strcmp(wish, "fail") == 0)
            return daemon.fail(3, "as wished");
        if (std::strcmp(wish, "die") == 0)
            kill(getpid(), SIGKILL);
        daemon.ready();
        while (daemon.wait() != SIGTERM) {
        }
        return 0;
    });
}
