// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: what a step needs and gives are lists; using needs = capabilities<...>
// expect: wrong_step<
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Open : step<phase::targets> {
        static constexpr const char* name = "own";
#ifdef REJECT
        using needs = capability::dispositions;
#else
        using needs = capabilities<capability::dispositions>;
#endif
        static auto run(const auto&, const Own&) -> bool { return true; }
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<Open>;
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
