// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: SignalFd takes its signals as template arguments: SignalFd<SIGTERM>
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{SignalFd{SIGTERM, SIGHUP}}.run([] {});
#else
    return Daemonizer{SignalFd<SIGTERM, SIGHUP>{}}.run([] {});
#endif
}
