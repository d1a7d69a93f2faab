// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: RequiredAbi takes an ABI from 1 to 7
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<ReadOnly<"/usr">, RequiredAbi<8>>>;
#else
using Service = Daemonizer<Landlock<ReadOnly<"/usr">, RequiredAbi<7>>>;
#endif

int main() {
    return Service{}.run([] {});
}
