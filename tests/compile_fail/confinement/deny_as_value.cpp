// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: DenySystemCalls takes groups as template arguments:
// DenySystemCalls<system_calls::mount>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{DenySystemCalls{system_calls::mount}}.run([] {});
#else
    return Daemonizer{DenySystemCalls<system_calls::mount>{}}.run([] {});
#endif
}
