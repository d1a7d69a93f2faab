// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the host models LockHost
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct OwnHost : PosixHost {
#ifdef REJECT
    static void lock() {}
#endif
};

int main() {
    return Daemonizer<OwnHost, PidFile<"/run/x.pid">>{}.run([] {});
}
