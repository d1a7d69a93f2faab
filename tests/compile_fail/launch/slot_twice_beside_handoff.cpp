// SPDX-License-Identifier: BSL-1.0
// Its states, of which a rejected composition has none, are not told to be no copies.
// expect: daemonizer: a slot is filled twice; a composition takes one policy a slot
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer<HandoffFork, Umask<022>, Umask<027>>{}.run([] {});
#else
    return Daemonizer<HandoffFork, Umask<022>>{}.run([] {});
#endif
}
