// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the members of a policy derive from their template parameter
// lines: 40
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
#ifdef REJECT
    template <class Base>
    struct members {};
#else
    template <class Base>
    struct members : Base {
        using Base::Base;
    };
#endif
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
};

int main() {
    return Daemonizer<NoFork, Own>{}.run([] {});
}
