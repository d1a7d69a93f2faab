// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a umask has the nine permission bits only
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Umask<07777>>;
#else
using Service = Daemonizer<Umask<0777>>;
#endif

int main() {
    return Service{}.run([] {});
}
