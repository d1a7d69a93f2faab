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
    void on(const event::stopping&, const auto&, const auto&, auto&) const {}
#else
    static void on(const event::stopping&, const auto&, const auto&, auto&) {}
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
