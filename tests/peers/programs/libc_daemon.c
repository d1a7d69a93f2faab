// SPDX-License-Identifier: BSL-1.0
// glibc's daemon(3), which knows no pid file: PIDFILE is not used.
#include "tell_ready.h"

#include <signal.h>
#include <stdio.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

int main(void) {
    if (daemon(0, 0) != 0) {
        perror("daemon");
        return 1;
    }
    signal(SIGTERM, end);
    tell_ready();
    for (;;)
        pause();
}
