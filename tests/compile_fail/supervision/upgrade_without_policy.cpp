// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: upgrade() needs the policy Upgrade
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFd<SIGUSR2>>;
#else
using Service = Daemonizer<SignalFd<SIGUSR2>, Upgrade<SIGUSR2>>;
#endif

int main() {
    return Service{}.run([](auto& daemon) { return daemon.upgrade() ? 1 : 0; });
}
