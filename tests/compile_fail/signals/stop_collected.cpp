// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: SignalFlag takes signals that can be collected, not KILL or STOP
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFlag<SIGSTOP>>;
#else
using Service = Daemonizer<SignalFlag<SIGTERM>>;
#endif

int main() {
    return Service{}.run([] {});
}
