// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the hook of a policy is static void on(const event::ready&,
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
#ifdef REJECT
    static void on(const event::ready&, const Own&) {}
#else
    static void on(const event::ready&, const auto&, const Own&, auto&) {}
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
