// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a policy keeps a pointer to its text
#include <daemonizer/daemonizer.hpp>

#include <string>

using namespace daemonizer;

int main() {
    const std::string directory = "/run", path = directory + "/x.pid";
#ifdef REJECT
    const Daemonizer service{PidFile{directory + "/x.pid"}};
#else
    const Daemonizer service{PidFile{path}};
#endif
    return service.run([] {});
}
