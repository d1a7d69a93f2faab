// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: SignalFlag names the signals that it collects, such as SIGTERM
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{SignalFlag<>{}}.run([] {});
#else
    return Daemonizer{SignalFlag<SIGTERM>{}}.run([] {});
#endif
}
