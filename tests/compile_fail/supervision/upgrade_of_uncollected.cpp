// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Upgrade takes a signal that the signal policy collects
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFd<SIGTERM>, Upgrade<SIGUSR2>>;
#else
using Service = Daemonizer<SignalFd<SIGUSR2>, Upgrade<SIGUSR2>>;
#endif

int main() {
    return Service{}.run([] {});
}
