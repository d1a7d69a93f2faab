// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a soft limit is not above the hard one
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Limit<RLIMIT_NOFILE, 2, 1>>;
#else
using Service = Daemonizer<Limit<RLIMIT_NOFILE, 1, 2>>;
#endif

int main() {
    return Service{}.run([] {});
}
