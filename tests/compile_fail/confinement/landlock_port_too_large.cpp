// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a TCP port is a number from 1 to 65535
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<BindTcp<65536>>>;
#else
using Service = Daemonizer<Landlock<BindTcp<65535>>>;
#endif

int main() {
    return Service{}.run([] {});
}
