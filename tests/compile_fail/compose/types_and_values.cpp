// SPDX-License-Identifier: BSL-1.0
// expect: all types, or all values: Daemonizer{NoFork{}}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer<DoubleFork>{PidFile{"/run/x.pid"}}.run([] {});
#else
    return Daemonizer{DoubleFork{}, PidFile{"/run/x.pid"}}.run([] {});
#endif
}
