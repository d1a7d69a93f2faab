// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the body takes nothing, or the daemon by reference
#include <daemonizer/daemonizer.hpp>

int main() {
#ifdef REJECT
    const auto body = [](int) { return 0; };
#else
    const auto body = [](auto&) { return 0; };
#endif
    return daemonizer::Daemonizer<>{}.run(body);
}
