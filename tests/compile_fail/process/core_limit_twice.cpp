// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: NoCoreDumps is a limit on core files; leave out the other
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NoCoreDumps, Limit<RLIMIT_CORE, 1>>;
#else
using Service = Daemonizer<NoCoreDumps, Limit<RLIMIT_CPU, 1>>;
#endif

int main() {
    return Service{}.run([] {});
}
