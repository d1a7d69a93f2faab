// SPDX-License-Identifier: BSL-1.0
// A slot of one's own is named after the policy's purpose; `slots::pid` makes it the pid policy.
// expect: daemonizer: what is no policy was given; a policy has a slot and steps
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    using slot = slots::pid;
#ifndef REJECT
    using steps = step_list<>;
#endif
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
