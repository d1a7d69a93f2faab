// SPDX-License-Identifier: BSL-1.0
// libbsd's pidfile_open(3) family with daemon(3), in the order its manual page shows.
#include "tell_ready.h"

#include <bsd/libutil.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t told_to_end;

static void end(int signal) {
    (void)signal;
    told_to_end = 1;
}

int main(int argc, char** argv) {
    pid_t owner = 0;
    if (argc < 2)
        return 2;
    struct pidfh* file = pidfile_open(argv[1], 0644, &owner);
    if (file == NULL) {
        if (errno == EEXIST)
            fprintf(stderr, "libbsd: already running as %ld\n", (long)owner);
        else
            fprintf(stderr, "libbsd: %s: %s\n", argv[1], strerror(errno));
        return 1;
    }
    if (daemon(0, 0) != 0) {
        perror("libbsd: daemon");
        pidfile_remove(file);
        return 1;
    }
    struct sigaction on_term = {.sa_handler = end};
    if (pidfile_write(file) != 0 || sigaction(SIGTERM, &on_term, NULL) != 0) {
        pidfile_remove(file);
        return 1;
    }
    tell_ready();
    while (!told_to_end)
        pause();
    pidfile_remove(file);
    return 0;
}
