// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a state has void each_text(auto keep), which calls keep(text)
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
#ifdef REJECT
    struct state {
        static void each_text() {}
    };
#else
    struct state {
        static void each_text(auto) {}
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
