// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: an undoable_step has static void undo(const auto& host, const auto& policy,
// expect: auto& state)
// expect: wrong_step<
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Open : undoable_step<phase::session> {
        static constexpr const char* name = "own";
        static auto run(const auto&, const auto&) -> bool { return true; }
#ifdef REJECT
        static void undo(const auto&, const auto&) {}
#else
        static void undo(const auto&, const auto&, auto&) {}
#endif
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<Open>;
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
