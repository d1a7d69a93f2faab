// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: store() takes a name and a descriptor
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<SystemdNotify>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.store(3, "listener");
#else
        daemon.store("listener", 3);
#endif
        daemon.ready();
        return 0;
    });
}
