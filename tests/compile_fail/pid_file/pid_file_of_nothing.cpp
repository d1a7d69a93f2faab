// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: PidFile takes its path, and then its mode if you want: PidFile{path, 0600}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{PidFile{}}.run([] {});
#else
    return Daemonizer{PidFile{"/run/x.pid"}}.run([] {});
#endif
}
