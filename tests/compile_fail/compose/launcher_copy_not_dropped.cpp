// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: an undoable_step has static void undo(const auto& host, const auto& policy,
// expect: in phase::check drop_launcher_copy, too
// expect: wrong_step<
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Open : undoable_step<phase::check> {
        static constexpr const char* name = "own";
        static auto run(const auto&, const auto&) -> bool { return true; }
        static void undo(const auto&, const auto&, auto&) {}
#ifndef REJECT
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
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
