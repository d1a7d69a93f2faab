// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Monitor needs SingleFork, DoubleFork or AutoFork
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<HandoffFork, Monitor<5, 60>>;
#else
using Service = Daemonizer<SingleFork, Monitor<5, 60>>;
#endif

int main() {
    return Service{}.run([] {});
}
