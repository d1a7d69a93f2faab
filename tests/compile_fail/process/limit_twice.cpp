// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a slot is filled twice
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Limit<RLIMIT_NOFILE, 1>, Limit<RLIMIT_NOFILE, 2>>;
#else
using Service = Daemonizer<Limit<RLIMIT_NOFILE, 1>, Limit<RLIMIT_NPROC, 2>>;
#endif

int main() {
    return Service{}.run([] {});
}
