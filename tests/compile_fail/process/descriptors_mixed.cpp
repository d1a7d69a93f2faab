// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: CloseDescriptors takes its descriptors all as template arguments, or all as
// values
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
    const int listener = 4;
#ifdef REJECT
    const CloseDescriptors<3> descriptors{listener};
#else
    const CloseDescriptors descriptors{3, listener};
#endif
    return Daemonizer{descriptors}.run([] {});
}
