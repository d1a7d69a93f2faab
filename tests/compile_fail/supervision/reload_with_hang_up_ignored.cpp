// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: reloading() with SIGHUP ignored; collect it
#include <daemonizer/daemonizer.hpp>

#include <csignal>

using namespace daemonizer;

#ifdef REJECT
using Ignored = IgnoreSignals<SIGPIPE, SIGHUP>;
#else
using Ignored = IgnoreSignals<SIGPIPE>;
#endif

int main() {
    return Daemonizer<SystemdNotify, Ignored>{}.run([](auto& daemon) { daemon.reloading(); });
}
