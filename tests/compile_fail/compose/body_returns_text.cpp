// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the body returns nothing, or its exit status
#include <daemonizer/daemonizer.hpp>

int main() {
#ifdef REJECT
    const auto body = [] { return "done"; };
#else
    const auto body = [] { return 0; };
#endif
    return daemonizer::Daemonizer<>{}.run(body);
}
