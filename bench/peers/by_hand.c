/* SPDX-License-Identifier: BSL-1.0 */
/* The start that is written by hand, as a program: PIDFILE, null stdio, ends on SIGTERM. */
#include "../latency/by_hand.h"
#include "../../tests/peers/programs/tell_ready.h"

int main(int argc, char** argv) {
    const struct by_hand description = {.forks = 2,
                                        .stdio = NULL_STDIO,
                                        .signals = SIGNAL_FD,
                                        .pid_file = argc > 1 ? argv[1] : NULL};
    by_hand_start(&description);
    by_hand_ready();
    tell_ready();
    by_hand_wait();
    return by_hand_end(0);
}
