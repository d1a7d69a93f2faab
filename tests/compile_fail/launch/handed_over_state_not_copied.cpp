// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: HandoffFork copies the state of every policy for the launcher; one of them
// cannot be copied
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Cache {
    struct state {
        state() = default;
        state(state&&) = default;
        auto operator=(state&&) -> state& = default;
    };
    struct slot : own_slot {
        static constexpr const char* name = "cache";
    };
    using steps = step_list<>;
};

#ifdef REJECT
using Fork = HandoffFork;
#else
using Fork = DoubleFork;
#endif

int main() {
    return Daemonizer<Fork, Cache>{}.run([] {});
}
