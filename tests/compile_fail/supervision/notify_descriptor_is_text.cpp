// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: DescriptorNotify takes a number: DescriptorNotify{fd}, or DescriptorNotify<3>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{DescriptorNotify{"3"}}.run([] {});
#else
    return Daemonizer{DescriptorNotify{3}}.run([] {});
#endif
}
