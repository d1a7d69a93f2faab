// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: StartTimeout takes its seconds as template argument: StartTimeout<5>
#include <daemonizer/daemonizer.hpp>

#include <chrono>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{StartTimeout{std::chrono::seconds{5}}}.run([] {});
#else
    return Daemonizer{StartTimeout<5>{}}.run([] {});
#endif
}
