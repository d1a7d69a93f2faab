// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the hook of a policy is static void write_line(
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
#ifdef REJECT
    static void write_line(int, const char*) {}
#else
    static void write_line(const auto&, const auto&, auto&, int, const char*) {}
#endif
};

int main() {
    return Daemonizer<Own>{}.run([] {});
}
