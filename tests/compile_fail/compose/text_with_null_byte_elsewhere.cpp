// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a text holds a null byte; the system would read it only up to there
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<CleanEnvironment<"TZ", "LANG\0">>;
#else
using Service = Daemonizer<CleanEnvironment<"TZ", "LANG">>;
#endif

int main() {
    return Service{}.run([] {});
}
