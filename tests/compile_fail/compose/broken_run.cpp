// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a step has static bool run(const auto& start, const auto& policy)
// expect: wrong_step<
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Open : step<phase::session> {
        static constexpr const char* name = "own";
#ifdef REJECT
        static auto run(const auto&) -> bool { return true; }
#else
        static auto run(const auto&, const Own&) -> bool { return true; }
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
