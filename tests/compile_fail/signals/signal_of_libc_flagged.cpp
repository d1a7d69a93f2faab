// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: libc keeps this signal for itself
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFlag<33, SIGTERM>>;
#else
using Service = Daemonizer<SignalFlag<35, SIGTERM>>;
#endif

int main() {
    return Service{}.run([] {});
}
