// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: libc keeps this signal for itself
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<IgnoreSignals<32>>;
#else
using Service = Daemonizer<IgnoreSignals<35>>;
#endif

int main() {
    return Service{}.run([] {});
}
