// SPDX-License-Identifier: BSL-1.0
// expect: a policy takes its text at run time: Daemonizer{PidFile{path}}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<PidFile<"">>;
#else
using Service = Daemonizer<PidFile<"/run/x.pid">>;
#endif

int main() {
    return Service{}.run([] {});
}
