// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: OomScore takes its value as template argument: OomScore<500>
#include <daemonizer/daemonizer.hpp>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{OomScore{500}}.run([] {});
#else
    return Daemonizer{OomScore<500>{}}.run([] {});
#endif
}
