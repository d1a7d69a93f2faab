// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a signal is named twice
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFlag<SIGTERM, SIGTERM>>;
#else
using Service = Daemonizer<SignalFlag<SIGTERM>>;
#endif

int main() {
    return Service{}.run([] {});
}
