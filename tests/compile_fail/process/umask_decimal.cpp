// SPDX-License-Identifier: BSL-1.0
// Who means 026 says so.
// expect: daemonizer: a umask is octal: Umask<022> and not Umask<22>, which is 026
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<Umask<22>>;
#else
using Service = Daemonizer<Umask<026, true>>;
#endif

int main() {
    return Service{}.run([] {});
}
