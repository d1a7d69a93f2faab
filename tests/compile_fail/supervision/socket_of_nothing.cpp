// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: socket() takes a name
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<ListenSockets>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.socket();
#else
        daemon.socket("http");
#endif
        daemon.ready();
        return 0;
    });
}
