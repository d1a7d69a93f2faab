// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a step derives from step or undoable_step and has static
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Check : step<phase::check> {
#ifndef REJECT
        static constexpr const char* name = "check";
#endif
        static auto run(const auto&, const auto&) -> bool { return true; }
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<Check>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
