// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: DenySystemCalls names groups, such as system_calls::mount
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<DenySystemCalls<>>;
#else
using Service = Daemonizer<DenySystemCalls<system_calls::mount>>;
#endif

int main() {
    return Service{}.run([] {});
}
