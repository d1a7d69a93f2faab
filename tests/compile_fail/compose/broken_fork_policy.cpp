// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a policy in slots::fork has static constexpr bool detaches
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    using slot = slots::fork;
    using steps = step_list<>;
#ifndef REJECT
    static constexpr bool detaches = false;
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
