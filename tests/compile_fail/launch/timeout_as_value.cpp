// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: StartTimeout takes its seconds as template argument: StartTimeout<5>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{StartTimeout{5}}.run([] {});
#else
    return Daemonizer{StartTimeout<5>{}}.run([] {});
#endif
}
