// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the hook of a policy is void unit_lines(auto& unit) const
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

struct Own {
    struct slot : own_slot {
        static constexpr const char* name = "own";
    };
    using steps = step_list<>;
#ifdef REJECT
    void unit_lines(auto& unit) { unit.number("Nice", 5); }
#else
    void unit_lines(auto& unit) const { unit.number("Nice", 5); }
#endif
};

int main(int argc, char** argv) {
    return command_line(Daemonizer<Own, PidFile<"/run/x.pid">>{}, argc, argv, [] {});
}
