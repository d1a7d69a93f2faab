// SPDX-License-Identifier: BSL-1.0
// It has a pid file, and is not told that it has none.
// expect: daemonizer: a slot is filled twice
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<PidFile<"/run/x.pid">, NoFork, DoubleFork>;
#else
using Service = Daemonizer<PidFile<"/run/x.pid">, DoubleFork>;
#endif

int main(int argc, char** argv) {
    return command_line(Service{}, argc, argv, [] {});
}
