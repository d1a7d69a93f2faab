// SPDX-License-Identifier: BSL-1.0
// The smallest program of a composition, POLICIES, for size/measure.
#include "no_signals.hpp"

#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <sys/resource.h>

using namespace daemonizer;

int main() {
    return Daemonizer{POLICIES}.run([](auto& daemon) {
        daemon.ready();
        return 0;
    });
}
