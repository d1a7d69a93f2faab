// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: fail() takes the status and then the reason
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<>{}.run([](auto& daemon) {
#ifdef REJECT
        return daemon.fail(3);
#else
        return daemon.fail(3, "why");
#endif
        daemon.ready();
        return 0;
    });
}
