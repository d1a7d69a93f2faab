// SPDX-License-Identifier: BSL-1.0
// expect: deleted
#include <daemonizer/daemonizer.hpp>

#include <utility>

int main() {
    auto daemon = daemonizer::Daemonizer<>{}.start();
#ifdef REJECT
    auto second = *daemon;
#else
    auto second = std::move(*daemon);
#endif
    second.ready();
}
