// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a step has static bool run(const auto& start, const auto& policy)
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Check : step<phase::check> {
        static constexpr const char* name = "check";
#ifdef REJECT
        static auto run(const auto&, const auto&) -> int { return 0; }
#else
        static auto run(const auto&, const auto&) -> bool { return true; }
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
