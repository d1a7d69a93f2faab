// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a member function is no body, since it has no object; write run([&](auto&
// daemon) { return object.serve(daemon); })
#include <daemonizer/daemonizer.hpp>

struct Server {
    auto serve(auto& daemon) -> int {
        daemon.ready();
        return 0;
    }
    void work() {}
};

int main() {
    Server object;
#ifdef REJECT
    object.work();
    return daemonizer::Daemonizer<>{}.run(&Server::work);
#else
    return daemonizer::Daemonizer<>{}.run([&](auto& daemon) { return object.serve(daemon); });
#endif
}
