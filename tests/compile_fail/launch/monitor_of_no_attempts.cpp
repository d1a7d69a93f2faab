// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Monitor takes 1 to 1000 attempts, and seconds above 0
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Monitor<0, 60>>;
#else
using Service = Daemonizer<Monitor<1, 60>>;
#endif

int main() {
    return Service{}.run([] {});
}
