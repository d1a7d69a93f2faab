// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a step with undo derives from undoable_step, or nobody calls it
// expect: wrong_step<
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using base = step<phase::session>;
#else
using base = undoable_step<phase::session>;
#endif

struct Own {
    struct Open : base {
        static constexpr const char* name = "own";
        static auto run(const auto&, const auto&) -> bool { return true; }
        static void undo(const auto&, const auto&, auto&) {}
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<Open>;
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
