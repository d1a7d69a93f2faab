// SPDX-License-Identifier: BSL-1.0
// A program that stays in the foreground, for commands that make daemons of such.
#include "tell_ready.h"

#include <signal.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

int main(void) {
    struct sigaction on_term = {.sa_handler = end};
    if (sigaction(SIGTERM, &on_term, NULL) != 0)
        return 1;
    tell_ready();
    for (;;)
        pause();
}
