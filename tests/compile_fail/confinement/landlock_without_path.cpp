// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: ReadOnly, ReadWrite and Execute name a path, BindTcp and ConnectTcp a port
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<ReadOnly<>, BindTcp<80>>>;
#else
using Service = Daemonizer<Landlock<ReadOnly<"/usr">, BindTcp<80>>>;
#endif

int main() {
    return Service{}.run([] {});
}
