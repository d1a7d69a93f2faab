// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the slot of a policy has no name; struct slot : own_slot {
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
#ifdef REJECT
        const char* name = "own";
#else
        static constexpr const char* name = "own";
#endif
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
