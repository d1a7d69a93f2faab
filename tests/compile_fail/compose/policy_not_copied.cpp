// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a policy is copied and assigned; no member of it is const or a reference
#include <daemonizer/daemonizer.hpp>

#include <memory>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
#ifdef REJECT
    std::unique_ptr<int> number;
#else
    std::shared_ptr<int> number;
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
