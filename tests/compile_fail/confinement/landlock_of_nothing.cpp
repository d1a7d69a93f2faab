// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Landlock names what stays allowed, since all else is forbidden
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<Required>>;
#else
using Service = Daemonizer<Landlock<ReadOnly<"/usr">, Required>>;
#endif

int main() {
    return Service{}.run([] {});
}
