// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: CloseDescriptors leaves 0-2 to the stdio policy; name those above 2
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<CloseDescriptors<1>>;
#else
using Service = Daemonizer<CloseDescriptors<3>>;
#endif

int main() {
    return Service{}.run([] {});
}
