// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Syslog takes a mask such as LOG_UPTO(LOG_INFO)
#include <daemonizer/daemonizer.hpp>

#include <syslog.h>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Syslog<"x", LOG_USER, 0>>;
#else
using Service = Daemonizer<Syslog<"x", LOG_USER, LOG_UPTO(LOG_INFO)>>;
#endif

int main() {
    return Service{}.run([] {});
}
