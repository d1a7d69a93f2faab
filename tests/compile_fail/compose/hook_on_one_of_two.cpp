// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the hook of a policy is static void on(const event::ready&,
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    static void on(event::ready, const auto&, const auto&, auto&) {}
#ifdef REJECT
    static void on(event::stopping, const auto&, const auto&) {}
#else
    static void on(event::stopping, const auto&, const auto&, auto&) {}
#endif
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
