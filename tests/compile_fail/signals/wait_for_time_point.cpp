// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a time is a duration
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>

using namespace daemonizer;

int main() {
    return Daemonizer<SignalFd<SIGTERM>>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.wait_for(std::chrono::steady_clock::now());
#else
        daemon.wait_for(std::chrono::seconds{5});
#endif
        daemon.ready();
        return 0;
    });
}
