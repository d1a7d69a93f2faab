// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: SignalFd names the signals that it collects, such as SIGTERM
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFd<>>;
#else
using Service = Daemonizer<SignalFd<SIGTERM>>;
#endif

int main() {
    return Service{}.run([] {});
}
