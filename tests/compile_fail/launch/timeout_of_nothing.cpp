// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: StartTimeout takes a positive number of seconds
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<StartTimeout<0>>;
#else
using Service = Daemonizer<StartTimeout<1>>;
#endif

int main() {
    return Service{}.run([] {});
}
