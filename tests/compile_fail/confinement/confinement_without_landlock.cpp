// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: confinement() needs the policy Landlock
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NoFork>;
#else
using Service = Daemonizer<NoFork, Landlock<ReadOnly<"/usr">>>;
#endif

int main() {
    return Service{}.run([](auto& daemon) { return daemon.confinement().abi() == 0 ? 1 : 0; });
}
