// SPDX-License-Identifier: BSL-1.0
// A library whose functions make a start each, for the test that unloads it.
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

namespace {

constexpr auto body = [](auto& daemon) {
    daemon.ready();
    return 5;
};

template <class... Policies>
auto start() -> int {
    return Daemonizer<NoFork, KeepStdio, KeepDescriptors, Policies...>{}.run(body);
}

} // namespace

extern "C" int start_with_flag() { return start<SignalFlag<SIGTERM, SIGUSR1>>(); }
extern "C" int start_with_fd() { return start<SignalFd<SIGTERM, SIGUSR1>>(); }
extern "C" int start_with_defaults() { return start<>(); }
extern "C" int start_and_keep() { return start<KeepSignals>(); }
