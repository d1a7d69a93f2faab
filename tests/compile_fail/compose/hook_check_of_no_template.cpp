// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the hook of a policy is template <class Core> static constexpr void check()
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
#ifdef REJECT
    static constexpr void check() {}
#else
    template <class>
    static constexpr void check() {}
#endif
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
