// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a step with undo derives from undoable_step, or nobody calls it
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Check : step<phase::check> {
        static constexpr const char* name = "check";
        static auto run(const auto&, const auto&) -> bool { return true; }
#ifdef REJECT
        static void undo(const auto&) {}
#else

#endif
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<Check>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
