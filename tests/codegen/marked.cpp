// SPDX-License-Identifier: BSL-1.0
// A composition, POLICIES, that marks where it begins, is ready and ends: by calls that fail and
// that nobody else makes, for system_calls.py to see in a trace.
#include "../../bench/size/no_signals.hpp"

#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <sys/resource.h>
#include <unistd.h>

using namespace daemonizer;

namespace {
void mark(const char* name) {
    if (::access(name, F_OK) == 0)
        ::_exit(1);
}
} // namespace

int main() {
    mark("mark:begin");
    return Daemonizer{POLICIES}.run([](auto& daemon) {
        daemon.ready();
        mark("mark:ready");
        mark("mark:end");
        return 0;
    });
}
