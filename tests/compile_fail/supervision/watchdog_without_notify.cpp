// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Watchdog needs the notify policy SystemdNotify
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Watchdog>;
#else
using Service = Daemonizer<SystemdNotify, Watchdog>;
#endif

int main() {
    return Service{}.run([] {});
}
