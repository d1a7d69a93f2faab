// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: in_foreground() of a policy is const and takes nothing
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
#ifdef REJECT
    auto in_foreground() -> Own { return {}; }
#else
    auto in_foreground() const -> Own { return {}; }
#endif
};

int main(int argc, char** argv) {
    return command_line(Daemonizer<Own, PidFile<"/run/x.pid">>{}, argc, argv, [] {});
}
