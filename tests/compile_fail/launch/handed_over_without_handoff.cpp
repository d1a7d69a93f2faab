// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: handed_over() needs the fork policy HandoffFork
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Fork = DoubleFork;
#else
using Fork = HandoffFork;
#endif

int main() {
    return Daemonizer<Fork>{}.run([](auto& daemon) { return daemon.handed_over() ? 0 : 1; });
}
