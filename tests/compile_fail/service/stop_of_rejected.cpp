// SPDX-License-Identifier: BSL-1.0
// It has a pid file, and is not told that it names none.
// expect: daemonizer: a slot is filled twice
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<PidFile<"/run/x.pid">, NoFork, DoubleFork>;
#else
using Service = Daemonizer<PidFile<"/run/x.pid">, DoubleFork>;
#endif

int main() {
    return status(Service{}).what == ServiceStatus::state::running ? stop(Service{}).exit_status()
                                                                   : 3;
}
