// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the host models FileHost
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct OwnHost : PosixHost {
#ifdef REJECT
    static void open() {}
#endif
};

int main() {
    return Daemonizer<OwnHost, PidFile<"/run/x.pid">>{}.run([] {});
}
