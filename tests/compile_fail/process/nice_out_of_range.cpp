// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Nice takes a value of -20 to 19
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Nice<20>>;
#else
using Service = Daemonizer<Nice<19>>;
#endif

int main() {
    return Service{}.run([] {});
}
