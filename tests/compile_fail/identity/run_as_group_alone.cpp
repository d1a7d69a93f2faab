// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: RunAs takes a user, or user and group; not a group alone
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using User = RunAs<"", "adm">;
#else
using User = RunAs<"", "">;
#endif

int main() {
    return Daemonizer{User{"nobody"}}.run([] {});
}
