// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: the body is const and its operator() is not; drop the const
#include <daemonizer/daemonizer.hpp>

int main() {
#ifdef REJECT
    const auto body = [rounds = 0](auto& daemon) mutable {
#else
    auto body = [rounds = 0](auto& daemon) mutable {
#endif
        daemon.ready();
        return ++rounds;
    };
    return daemonizer::Daemonizer<>{}.run(body);
}
