// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: FileStdio takes three texts, or none of them at compile time
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<FileStdio<"/in", "/out">>;
#else
using Service = Daemonizer<FileStdio<"/in", "/out", "/err">>;
#endif

int main() {
    return Service{}.run([] {});
}
