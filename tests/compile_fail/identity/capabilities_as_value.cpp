// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: KeepCapabilities takes capabilities as template arguments:
// KeepCapabilities<CAP_SYS_TIME>
#include <daemonizer/daemonizer.hpp>
#include <linux/capability.h>

int main() {
    using namespace daemonizer;
#ifdef REJECT
    return Daemonizer{KeepCapabilities{CAP_CHOWN}}.run([] {});
#else
    return Daemonizer{KeepCapabilities<CAP_CHOWN>{}}.run([] {});
#endif
}
