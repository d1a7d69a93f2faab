/* SPDX-License-Identifier: BSL-1.0 */
/* A daemon's start as a careful programmer writes it in C, with what the library promises: the
 * launcher stays until the daemon is ready or has failed, learns which, and says so; a launcher
 * that dies first takes the start back. The yardstick of the benchmarks. */
#ifndef BY_HAND_H
#define BY_HAND_H

#include <signal.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

struct by_hand {
    const char* program;
    int forks; /* 0, 1 or 2 */
    enum { KEEP_STDIO, NULL_STDIO, LOG_STDIO } stdio;
    enum { KEEP_SIGNALS, DEFAULT_SIGNALS, SIGNAL_FD } signals;
    const char* log;       /* of LOG_STDIO */
    const char* pid_file;  /* or NULL */
    void (*leaving)(void); /* or NULL; called in the launcher when it knows that all is well */

    /* What the start holds; -1 where there is nothing. */
    int report, terminal, pid_fd, signal_fd;
    sigset_t mask;
    struct sigaction child_action;
};

/* Returns in the daemon only. The launcher leaves with 0, or with a line on stderr and another
 * status; without a fork there is no launcher, and a failure is said and ends the process. */
void by_hand_start(struct by_hand* self);

/* The launcher leaves now; where it is gone, the start is taken back and the process ends. */
void by_hand_ready(struct by_hand* self);

/* Waits for SIGTERM, which SIGNAL_FD collects, and gives the pid file back. */
void by_hand_serve(struct by_hand* self);

#ifdef __cplusplus
}
#endif

#endif
