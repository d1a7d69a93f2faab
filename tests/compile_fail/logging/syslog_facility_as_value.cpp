// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Syslog takes one text: Syslog{ident}; a facility is a template argument
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{Syslog{"clockd", LOG_LOCAL0}}.run([] {});
#else
    return Daemonizer{Syslog{"clockd"}}.run([] {});
#endif
}
