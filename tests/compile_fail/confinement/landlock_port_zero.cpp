// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a TCP port is a number from 1 to 65535
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<ConnectTcp<0>>>;
#else
using Service = Daemonizer<Landlock<ConnectTcp<1>>>;
#endif

int main() {
    return Service{}.run([] {});
}
