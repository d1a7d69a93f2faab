// SPDX-License-Identifier: BSL-1.0
// A composition, POLICIES, around a body that lives elsewhere: what else the object refers to, the
// composition calls.
#include "../../bench/size/no_signals.hpp"

#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <sys/resource.h>

using namespace daemonizer;

int body();

int composed() {
    return Daemonizer{POLICIES}.run([] { return body(); });
}
