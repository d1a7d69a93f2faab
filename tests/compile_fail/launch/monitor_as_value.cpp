// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Monitor takes its numbers as template arguments: Monitor<5, 60>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{Monitor{5, 60}}.run([] {});
#else
    return Daemonizer{Monitor<5, 60>{}}.run([] {});
#endif
}
