// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: what a slot comes after is a list; using after = slot_list<...>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
        static constexpr const char* name = "own";
#ifdef REJECT
        using after = slots::pid;
#else
        using after = slot_list<slots::pid>;
#endif
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
