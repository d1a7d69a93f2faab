// SPDX-License-Identifier: BSL-1.0
// expect: nodiscard
#include <daemonizer/daemonizer.hpp>

#pragma GCC diagnostic error "-Wunused-result"

int main() {
#ifndef REJECT
    return
#endif
        daemonizer::Daemonizer<>{}.run([] {});
}
