// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: start.fail() takes what failed, and errno or the reason
// lines: 30
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Check : step<phase::check> {
        static constexpr const char* name = "check";
#ifdef REJECT
        static auto run(const auto& start, const auto&) -> bool { return start.fail("x"); }
#else
        static auto run(const auto& start, const auto&) -> bool { return start.fail("x", 5); }
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
