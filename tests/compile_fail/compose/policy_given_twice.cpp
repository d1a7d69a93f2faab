// SPDX-License-Identifier: BSL-1.0
// Its objection to its neighbours is not asked for: one mistake is one error.
// expect: daemonizer: a slot is filled twice; a composition takes one policy a slot
// expect: filled_twice<
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NoCoreDumps, NoCoreDumps>;
#else
using Service = Daemonizer<NoCoreDumps>;
#endif

int main() {
    return Service{}.run([] {});
}
