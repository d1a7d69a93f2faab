// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Upgrade and Monitor do not go together
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFd<SIGUSR2>, Upgrade<SIGUSR2>, Monitor<5, 60>>;
#else
using Service = Daemonizer<SignalFd<SIGUSR2>, Monitor<5, 60>>;
#endif

int main() {
    return Service{}.run([] {});
}
