// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a signal is both collected and ignored; choose one
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFd<SIGTERM, SIGHUP>, IgnoreSignals<SIGHUP>>;
#else
using Service = Daemonizer<SignalFd<SIGTERM>, IgnoreSignals<SIGHUP>>;
#endif

int main() {
    return Service{}.run([] {});
}
