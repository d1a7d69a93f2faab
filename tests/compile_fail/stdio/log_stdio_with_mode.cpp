// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: LogStdio takes one path: LogStdio{path}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{LogStdio{"/var/log/x.log", 0600}}.run([] {});
#else
    return Daemonizer{LogStdio{"/var/log/x.log"}}.run([] {});
#endif
}
