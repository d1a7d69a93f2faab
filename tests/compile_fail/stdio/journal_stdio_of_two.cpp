// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: JournalStdio takes one text: JournalStdio{ident}
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{JournalStdio{"clockd", 6}}.run([] {});
#else
    return Daemonizer{JournalStdio{"clockd"}}.run([] {});
#endif
}
