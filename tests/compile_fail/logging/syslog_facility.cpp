// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Syslog takes a facility such as LOG_DAEMON or LOG_LOCAL0
#include <daemonizer/daemonizer.hpp>

#include <syslog.h>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Syslog<"x", LOG_ERR>>;
#else
using Service = Daemonizer<Syslog<"x", LOG_LOCAL0>>;
#endif

int main() {
    return Service{}.run([] {});
}
