// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: SignalFlag takes its signals as template arguments: SignalFlag<SIGTERM>
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{SignalFlag{SIGTERM}}.run([] {});
#else
    return Daemonizer{SignalFlag<SIGTERM>{}}.run([] {});
#endif
}
