// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Nice takes its value as template argument: Nice<5>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{Nice{5}}.run([] {});
#else
    return Daemonizer{Nice<5>{}}.run([] {});
#endif
}
