// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: ProcessName takes its name as template argument: ProcessName
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{ProcessName{"x"}}.run([] {});
#else
    return Daemonizer{ProcessName<"x">{}}.run([] {});
#endif
}
