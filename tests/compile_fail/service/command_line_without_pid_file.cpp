// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: command_line() needs a composition with a PidFile
#include <daemonizer/command_line.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NullStdio>;
#else
using Service = Daemonizer<PidFile<"/run/x.pid">>;
#endif

int main(int argc, char** argv) {
    return command_line(Service{}, argc, argv, [](auto& daemon) {
        daemon.ready();
        return 0;
    });
}
