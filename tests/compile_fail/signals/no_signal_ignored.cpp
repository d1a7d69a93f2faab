// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: IgnoreSignals names the signals that it ignores, such as SIGPIPE
#include <csignal>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{IgnoreSignals<>{}}.run([] {});
#else
    return Daemonizer{IgnoreSignals<SIGPIPE>{}}.run([] {});
#endif
}
