// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Landlock with AnyTcp restricts no port and takes none
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<AnyTcp, BindTcp<80>>>;
#else
using Service = Daemonizer<Landlock<ReadOnly<"/usr">, AnyTcp>>;
#endif

int main() {
    return Service{}.run([] {});
}
