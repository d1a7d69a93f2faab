// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: SignalFd names the signals that it collects, such as SIGTERM
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{SignalFd<0>{}}.run([] {});
#else
    return Daemonizer{SignalFd<SIGTERM>{}}.run([] {});
#endif
}
