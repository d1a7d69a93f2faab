// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a time is a duration, such as std::chrono::seconds{5}: a number alone has no
// unit
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>

int main() {
    using Service = daemonizer::Daemonizer<daemonizer::SignalFd<SIGTERM>>;
    return Service{}.run([](auto& daemon) {
#ifdef REJECT
        return daemon.wait_for(5);
#else
        return daemon.wait_for(std::chrono::seconds{5});
#endif
    });
}
