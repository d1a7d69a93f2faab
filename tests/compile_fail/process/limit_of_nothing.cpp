// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Limit takes a resource such as RLIMIT_NOFILE
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Limit<99, 1>>;
#else
using Service = Daemonizer<Limit<RLIMIT_NPROC, 1>>;
#endif

int main() {
    return Service{}.run([] {});
}
