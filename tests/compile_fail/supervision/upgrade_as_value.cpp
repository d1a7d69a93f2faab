// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Upgrade takes its signal as template argument: Upgrade<SIGUSR2>
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{Upgrade{SIGUSR2}, SignalFd<SIGUSR2, SIGTERM>{}}.run([] {});
#else
    return Daemonizer{Upgrade<SIGUSR2>{}, SignalFd<SIGUSR2>{}}.run([] {});
#endif
}
