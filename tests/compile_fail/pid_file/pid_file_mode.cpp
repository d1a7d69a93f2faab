// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a pid file's mode is octal and has the nine permission bits only, such as
// 0644
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<PidFile<"/run/x.pid", 04644>>;
#else
using Service = Daemonizer<PidFile<"/run/x.pid", 0644>>;
#endif

int main() {
    return Service{}.run([] {});
}
