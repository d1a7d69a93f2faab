// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a policy in slots::stdio has static constexpr bool replaces
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    using slot = slots::stdio;
    using steps = step_list<>;
#ifndef REJECT
    static constexpr bool replaces = false;
#endif
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
