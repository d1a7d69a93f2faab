// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: fail() takes the status and then the reason: fail(3,
#include <daemonizer/daemonizer.hpp>

int main() {
    return daemonizer::Daemonizer<>{}.run([](auto& daemon) {
#ifdef REJECT
        return daemon.fail("no configuration", 3);
#else
        return daemon.fail(3, "no configuration");
#endif
    });
}
