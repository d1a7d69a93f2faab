// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the host models ProcessHost
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct OwnHost : PosixHost {
#ifdef REJECT
    static void fork() {}
#endif
};

int main() {
    return Daemonizer<OwnHost, PidFile<"/run/x.pid">>{}.run([] {});
}
