// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<KeepSignals>;
#else
using Service = Daemonizer<SignalFd<SIGTERM>>;
#endif

int main() {
    return Service{}.run([](auto& daemon) {
        daemon.ready();
        daemon.wait_for(std::chrono::seconds{1});
    });
}
