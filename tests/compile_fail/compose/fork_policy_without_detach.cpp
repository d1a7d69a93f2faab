// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a fork policy that detaches has static side detach(const auto& start)
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    using slot = slots::fork;
    using steps = step_list<>;
#ifdef REJECT
    static constexpr bool detaches = true;
#else
    static constexpr bool detaches = false;
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
