// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: WorkingDirectory takes one path: WorkingDirectory{path}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{WorkingDirectory{}}.run([] {});
#else
    return Daemonizer{WorkingDirectory{"/srv"}}.run([] {});
#endif
}
