// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: IgnoreSignals takes signals that can be ignored, not KILL or STOP
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<IgnoreSignals<SIGKILL>>;
#else
using Service = Daemonizer<IgnoreSignals<SIGPIPE>>;
#endif

int main() {
    return Service{}.run([] {});
}
