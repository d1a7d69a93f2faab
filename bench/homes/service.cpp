// SPDX-License-Identifier: BSL-1.0
// The service that homes/measure starts: service detached|notify|simple PIDFILE.
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstring>

using namespace daemonizer;

int main(int argc, char** argv) {
    if (argc != 3)
        return 2;
    const auto serve = [](auto& daemon) {
        daemon.ready();
        while (daemon.wait() != SIGTERM) {
        }
        return 0;
    };
    const SignalFd<SIGTERM> signals;
    if (std::strcmp(argv[1], "detached") == 0)
        return Daemonizer{DoubleFork{}, PidFile{argv[2]}, signals}.run(serve);
    if (std::strcmp(argv[1], "notify") == 0)
        return Daemonizer{NoFork{}, SystemdNotify{}, signals}.run(serve);
    return Daemonizer{NoFork{}, signals}.run(serve);
}
