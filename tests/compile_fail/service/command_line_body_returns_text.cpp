// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the body returns nothing, or its exit status
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
constexpr auto result = "done";
#else
constexpr auto result = 0;
#endif

int main(int argc, char** argv) {
    return command_line(Daemonizer<PidFile<"/run/x.pid">>{}, argc, argv, [] { return result; });
}
