// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: what is no policy was given; a policy has a slot and steps
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Logging {};

#ifdef REJECT
using Service = Daemonizer<NoFork, Logging>;
#else
using Service = Daemonizer<NoFork>;
#endif

int main() {
    return Service{}.run([] {});
}
