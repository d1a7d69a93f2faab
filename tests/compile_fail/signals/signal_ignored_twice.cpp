// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a signal is named twice
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<IgnoreSignals<SIGPIPE, SIGHUP, SIGPIPE>>;
#else
using Service = Daemonizer<IgnoreSignals<SIGPIPE, SIGHUP>>;
#endif

int main() {
    return Service{}.run([] {});
}
