/* SPDX-License-Identifier: BSL-1.0 */
/* The start that is written by hand, as a program: PIDFILE, null stdio, ends on SIGTERM. */
#include "../latency/by_hand.h"
#include "../../tests/peers/programs/tell_ready.h"

int main(int argc, char** argv) {
    struct by_hand self = {.program = "by_hand",
                           .forks = 2,
                           .stdio = NULL_STDIO,
                           .signals = SIGNAL_FD,
                           .pid_file = argc > 1 ? argv[1] : NULL};
    by_hand_start(&self);
    by_hand_ready(&self);
    tell_ready();
    by_hand_serve(&self);
    return 0;
}
