// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: what is no policy was given; a policy has a slot and steps
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{NoFork{}, "/run/x.pid"}.run([] {});
#else
    return Daemonizer{NoFork{}, PidFile{"/run/x.pid"}}.run([] {});
#endif
}
