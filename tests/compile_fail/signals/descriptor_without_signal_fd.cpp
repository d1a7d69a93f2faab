// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: descriptor() needs the signal policy SignalFd
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFlag<SIGTERM>>;
#else
using Service = Daemonizer<SignalFd<SIGTERM>>;
#endif

int main() {
    return Service{}.run([](auto& daemon) {
        daemon.ready();
        return daemon.descriptor();
    });
}
