// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Landlock takes words such as ReadOnly, ReadWrite and BindTcp
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Landlock<ReadOnly<"/usr">, NoFork>>;
#else
using Service = Daemonizer<Landlock<ReadOnly<"/usr">>, NoFork>;
#endif

int main() {
    return Service{}.run([] {});
}
