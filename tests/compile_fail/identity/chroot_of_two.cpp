// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Chroot takes one path: Chroot{path}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{Chroot{"/srv", "/"}}.run([] {});
#else
    return Daemonizer{Chroot{"/srv"}}.run([] {});
#endif
}
