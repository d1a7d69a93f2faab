// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a policy in slots::signals has static constexpr bool keeps
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    using slot = slots::signals;
    using steps = step_list<>;
#ifndef REJECT
    static constexpr bool keeps = true;
    static constexpr auto collects(int) -> bool { return false; }
#endif
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
