// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the steps of a policy are a list; using steps = step_list<...>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct Open : step<phase::session> {
        static constexpr const char* name = "own";
        static auto run(const auto&, const auto&) -> bool { return true; }
    };
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
#ifdef REJECT
    using steps = Open;
#else
    using steps = step_list<Open>;
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
