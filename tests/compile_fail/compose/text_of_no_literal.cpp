// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: text in angle brackets is a literal
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer<PidFile<0600>>{}.run([] {});
#else
    return Daemonizer<PidFile<"/run/x.pid", 0600>>{}.run([] {});
#endif
}
