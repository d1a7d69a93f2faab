// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a policy's state is made without arguments, and moves
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct state {
#ifdef REJECT
        explicit state(int) {}
#endif
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
