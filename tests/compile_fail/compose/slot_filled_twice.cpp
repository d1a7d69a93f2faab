// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a slot is filled twice; a composition takes one policy a slot
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer<LogStdio<"/log">, SingleFork, NullStdio>{}.run([] {});
#else
    return Daemonizer<LogStdio<"/log">, SingleFork>{}.run([] {});
#endif
}
