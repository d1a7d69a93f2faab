// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<DefaultSignals>;
#else
using Service = Daemonizer<SignalFlag<SIGTERM>>;
#endif

int main() {
    return Service{}.run([](auto& daemon) {
        daemon.ready();
        daemon.wait();
    });
}
