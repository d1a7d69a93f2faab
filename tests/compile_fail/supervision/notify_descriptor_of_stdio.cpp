// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: DescriptorNotify takes a descriptor above 2; 0-2 are stdio's
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Notify = DescriptorNotify<2>;
#else
using Notify = DescriptorNotify<3>;
#endif

int main() {
    return Daemonizer<Notify>{}.run([] {});
}
