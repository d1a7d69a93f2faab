// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: IgnoreSignals takes its signals as template arguments: IgnoreSignals<SIGPIPE>
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{IgnoreSignals{SIGPIPE}}.run([] {});
#else
    return Daemonizer{IgnoreSignals<SIGPIPE>{}}.run([] {});
#endif
}
