// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: log() takes the priority and then one text
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    return Daemonizer<Syslog<"clockd">>{}.run([](auto& daemon) {
#ifdef REJECT
        daemon.log("text");
#else
        daemon.log(LOG_INFO, "text");
#endif
        daemon.ready();
        return 0;
    });
}
