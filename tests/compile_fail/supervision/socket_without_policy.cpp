// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: socket() needs the policy ListenSockets
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NoFork>;
#else
using Service = Daemonizer<NoFork, ListenSockets>;
#endif

int main() {
    return Service{}.run([](auto& daemon) { return daemon.socket("x") < 0 ? 1 : 0; });
}
