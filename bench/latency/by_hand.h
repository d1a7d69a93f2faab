/* SPDX-License-Identifier: BSL-1.0 */
/* A daemon's start as a careful programmer writes it in C, with exactly what the library promises:
 * the launcher stays until the daemon is ready or has failed, learns which, says so, and leaves
 * nothing behind; a launcher that dies first takes the start back. The yardstick of the benchmarks,
 * which choose at run time, and of tests/codegen, which includes by_hand.c with BY_HAND_TYPICAL:
 * one composition, in one file, and no choice. */
#ifndef BY_HAND_H
#define BY_HAND_H

#ifdef BY_HAND_TYPICAL
#define BY_HAND_API static
#else
#define BY_HAND_API extern
#endif

#ifdef __cplusplus
extern "C" {
#endif

struct by_hand {
    int forks; /* 0, 1 or 2 */
    enum { KEEP_STDIO, NULL_STDIO, LOG_STDIO } stdio;
    enum { KEEP_SIGNALS, DEFAULT_SIGNALS, SIGNAL_FD } signals;
    const char* log;       /* of LOG_STDIO; absolute, as is the next */
    const char* pid_file;  /* or NULL */
    void (*leaving)(void); /* or NULL; called in the launcher when it knows that all is well */
};

/* Returns in the daemon only. The launcher leaves with 0, or with a line on stderr and another
 * status; without a fork there is no launcher, and a failure is said and ends the process. One
 * start a process. */
BY_HAND_API void by_hand_start(const struct by_hand* description);

/* The launcher leaves now; where it is gone, the start is taken back and the process ends. */
BY_HAND_API void by_hand_ready(void);

/* Gives back what the daemon holds; one that never was ready says so. Returns the status. */
BY_HAND_API int by_hand_end(int status);

#ifndef BY_HAND_TYPICAL
/* Waits for SIGTERM, which SIGNAL_FD collects. */
void by_hand_wait(void);
#endif

#ifdef __cplusplus
}
#endif

#endif
