// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: reopen() needs a stdio policy with files (LogStdio, FileStdio)
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

#ifdef REJECT
using Service = Daemonizer<NullStdio>;
#else
using Service = Daemonizer<LogStdio<"/log">>;
#endif

int main() {
    return Service{}.run([](auto& daemon) {
        daemon.ready();
        daemon.reopen();
    });
}
