// SPDX-License-Identifier: BSL-1.0
// A number that has two names may be there under both.
// expect: daemonizer: a signal is named twice
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<SignalFd<SIGTERM, SIGTERM>>;
#else
using Service = Daemonizer<SignalFd<SIGTERM, SIGIO, SIGPOLL>>;
#endif

int main() {
    return Service{}.run([] {});
}
