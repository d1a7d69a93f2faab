// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: notify() takes one text
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<SystemdNotify>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.notify("X", "1");
#else
        daemon.notify("X=1");
#endif
        daemon.ready();
        return 0;
    });
}
