// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a const daemon cannot become ready; the body takes it by reference: auto&
// daemon
#include <daemonizer/daemonizer.hpp>

int main() {
#ifdef REJECT
    return daemonizer::Daemonizer<>{}.run([](const auto& daemon) {
#else
    return daemonizer::Daemonizer<>{}.run([](auto& daemon) {
#endif
        daemon.ready();
        return daemon.fail(1, "no reason");
    });
}
