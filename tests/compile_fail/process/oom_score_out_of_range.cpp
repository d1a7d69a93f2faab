// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: OomScore takes a value of -1000 to 1000
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<OomScore<-1001>>;
#else
using Service = Daemonizer<OomScore<-1000>>;
#endif

int main() {
    return Service{}.run([] {});
}
