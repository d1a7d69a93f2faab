// SPDX-License-Identifier: BSL-1.0
// A program that stays in the foreground, for commands that make daemons of such. `serve 3` says
// that it is ready by a newline on descriptor 3.
#include "tell_ready.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static void end(int signal) {
    (void)signal;
    _exit(0);
}

int main(int argc, char** argv) {
    struct sigaction on_term = {.sa_handler = end};
    if (sigaction(SIGTERM, &on_term, NULL) != 0)
        return 1;
    tell_ready();
    if (argc > 1 && write(atoi(argv[1]), "\n", 1) != 1)
        return 1;
    for (;;)
        pause();
}
