// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: Umask takes its mask as template argument: Umask<022>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{Umask{027}}.run([] {});
#else
    return Daemonizer{Umask<027>{}}.run([] {});
#endif
}
