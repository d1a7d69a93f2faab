// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: this member needs the notify policy SystemdNotify
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NoFork>;
#else
using Service = Daemonizer<NoFork, SystemdNotify>;
#endif

int main() {
    return Service{}.run([](auto& daemon) { daemon.store("x", 3); });
}
