// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: DescriptorNotify takes a number
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{DescriptorNotify{3, 4}}.run([] {});
#else
    return Daemonizer{DescriptorNotify{3}}.run([] {});
#endif
}
