// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Chroot takes an absolute path
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Chroot<"jail">>;
#else
using Service = Daemonizer<Chroot<"/jail">>;
#endif

int main() {
    return Service{}.run([] {});
}
