// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: KeepCapabilities takes capabilities such as CAP_SYS_TIME
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<KeepCapabilities<64>>;
#else
using Service = Daemonizer<KeepCapabilities<CAP_SYS_TIME>>;
#endif

int main() {
    return Service{}.run([] {});
}
