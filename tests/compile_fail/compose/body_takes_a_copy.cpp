// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the body takes nothing, or the daemon by reference
#include <daemonizer/daemonizer.hpp>

int main() {
#ifdef REJECT
    const auto body = [](auto daemon) { daemon.ready(); };
#else
    const auto body = [](auto& daemon) { daemon.ready(); };
#endif
    return daemonizer::Daemonizer<>{}.run(body);
}
