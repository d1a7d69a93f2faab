// SPDX-License-Identifier: BSL-1.0
// The program on this library that is measured beside the peers. FORK names the fork policy; RICH
// composes about everything a daemon of the world asks for, MONITORED a parent that starts it
// again, UPGRADED what lets it execute itself anew.
#include "programs/tell_ready.h"

#include <daemonizer/daemonizer.hpp>

#include <csignal>

#ifndef FORK
#define FORK DoubleFork
#endif

using namespace daemonizer;

int main(int argc, char** argv) {
    if (argc < 3)
        return 2;
    const char* const pid = argv[1];
    const char* const log = argv[2];
    const auto body = [](auto& daemon) {
        daemon.ready();
        tell_ready();
        while (daemon.wait() != SIGTERM) {
        }
        return 0;
    };
#ifdef RICH
    return Daemonizer{FORK{},
                      PidFile{pid},
                      LogStdio{log},
                      SignalFd<SIGTERM, SIGHUP>{},
                      Umask<027>{},
                      IgnoreSignals<SIGPIPE>{},
                      StartTimeout<20>{}}
        .run(body);
#elif defined(MONITORED)
    return Daemonizer{FORK{}, PidFile{pid}, LogStdio{log}, SignalFd<SIGTERM>{}, Monitor<5, 60>{}}
        .run(body);
#elif defined(UPGRADED)
    return Daemonizer{FORK{}, PidFile{pid}, LogStdio{log}, SignalFd<SIGTERM, SIGUSR2>{},
                      Upgrade<SIGUSR2>{}}
        .run(body);
#else
    static_cast<void>(log);
    return Daemonizer{FORK{}, PidFile{pid}, SignalFd<SIGTERM>{}}.run(body);
#endif
}
