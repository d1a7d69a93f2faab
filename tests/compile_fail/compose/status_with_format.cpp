// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: status() takes one text
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.status("loading %d %%", 40);
#else
        daemon.status("loading 40 %");
#endif
        daemon.ready();
        return 0;
    });
}
