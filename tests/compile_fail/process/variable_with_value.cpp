// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: CleanEnvironment takes names of variables, without '='
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<CleanEnvironment<"TZ=UTC">>;
#else
using Service = Daemonizer<CleanEnvironment<"TZ">>;
#endif

int main() {
    return Service{}.run([] {});
}
