// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: RunAs takes a user, or user and group
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{RunAs{}}.run([] {});
#else
    return Daemonizer{RunAs{"nobody"}}.run([] {});
#endif
}
