// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Limit takes its numbers as template arguments: Limit<RLIMIT_NOFILE, 4096>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{Limit{RLIMIT_NOFILE, 64}}.run([] {});
#else
    return Daemonizer{Limit<RLIMIT_NOFILE, 64>{}}.run([] {});
#endif
}
