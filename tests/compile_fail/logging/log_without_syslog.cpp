// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: log() needs the policy Syslog, or another with write_line
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NullStdio>;
#else
using Service = Daemonizer<Syslog<"x">>;
#endif

int main() {
    return Service{}.run([](auto& daemon) {
        daemon.ready();
        daemon.log(3, "text");
    });
}
