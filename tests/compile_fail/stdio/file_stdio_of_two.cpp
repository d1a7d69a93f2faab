// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: FileStdio takes three paths: FileStdio{in, out, err}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{FileStdio{"/tmp/out", "/tmp/err"}}.run([] {});
#else
    return Daemonizer{FileStdio{"/dev/null", "/tmp/out", "/tmp/err"}}.run([] {});
#endif
}
