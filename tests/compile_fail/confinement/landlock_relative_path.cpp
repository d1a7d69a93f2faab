// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a path of Landlock begins with /
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<ReadWrite<"var/lib/x">>>;
#else
using Service = Daemonizer<Landlock<ReadWrite<"/var/lib/x">>>;
#endif

int main() {
    return Service{}.run([] {});
}
