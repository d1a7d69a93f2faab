// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: ready() takes nothing, or one text
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.ready(0, "serving");
#else
        daemon.status("serving");
#endif
        daemon.ready();
        return 0;
    });
}
