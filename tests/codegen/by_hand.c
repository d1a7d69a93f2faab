/* SPDX-License-Identifier: BSL-1.0 */
/* bench/size/composition.cpp, in C. */
#define BY_HAND_TYPICAL
#include "../../bench/latency/by_hand.c"

int main(void) {
    by_hand_start(&typical);
    by_hand_ready();
    return by_hand_end(0);
}
