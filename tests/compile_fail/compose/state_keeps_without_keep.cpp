// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a state has void each_descriptor(auto keep), which calls keep(fd)
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
#ifdef REJECT
    struct state {
        static auto each_descriptor() -> int { return -1; }
    };
#else
    struct state {
        static void each_descriptor(auto keep) { keep(-1); }
    };
#endif
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
