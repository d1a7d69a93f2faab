// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: ProcessName takes a name of 1 to 15 bytes
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<ProcessName<"sixteen-letters!">>;
#else
using Service = Daemonizer<ProcessName<"fifteen-letters">>;
#endif

int main() {
    return Service{}.run([] {});
}
