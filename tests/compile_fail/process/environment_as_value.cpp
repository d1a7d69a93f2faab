// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: CleanEnvironment takes its names as template arguments: CleanEnvironment
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{CleanEnvironment{"LANG", "TZ"}}.run([] {});
#else
    return Daemonizer{CleanEnvironment<"LANG", "TZ">{}}.run([] {});
#endif
}
