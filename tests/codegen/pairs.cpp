// SPDX-License-Identifier: BSL-1.0
// Functions in pairs: what a composition makes of a body, and what one would write without it. The
// compiler has to see that both are the same; pairs.py compares them by the instruction.
#include "../../bench/size/no_signals.hpp"

#include <daemonizer/daemonizer.hpp>

#include <sys/stat.h>

using namespace daemonizer;

using Nothing =
    Daemonizer<NoFork, KeepStdio, NoPidFile, NoSignals, KeepUmask, KeepDirectory, KeepDescriptors>;
using OnlyUmask =
    Daemonizer<NoFork, KeepStdio, NoPidFile, NoSignals, Umask<027>, KeepDirectory, KeepDescriptors>;

int body();
void silent_body();

#define PAIR(NAME) extern "C" auto NAME()->int

PAIR(composed_status) {
    return Nothing{}.run([] { return body(); });
}
PAIR(by_hand_status) { return body(); }

PAIR(composed_function) { return Nothing{}.run(body); }
PAIR(by_hand_function) { return body(); }

PAIR(composed_nothing) {
    return Nothing{}.run([] { silent_body(); });
}
PAIR(by_hand_nothing) {
    silent_body();
    return 0;
}

PAIR(composed_umask) {
    return OnlyUmask{}.run([] { return body(); });
}
PAIR(by_hand_umask) {
    ::umask(027);
    return body();
}

// With the daemon in hand the minimum is the same where the compiler sees ready(): nothing is left
// to be undone, and nobody to be told.
PAIR(composed_ready_first) {
    return Nothing{}.run([](auto& daemon) {
        daemon.ready();
        return body();
    });
}
PAIR(by_hand_ready_first) { return body(); }

PAIR(composed_ready_last) {
    return Nothing{}.run([](auto& daemon) {
        const int status = body();
        daemon.ready();
        return status;
    });
}
PAIR(by_hand_ready_last) { return body(); }
