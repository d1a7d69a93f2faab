// SPDX-License-Identifier: BSL-1.0
// Sleeps, by ppoll(2).
#ifndef DAEMONIZER_SYSTEM_CLOCK_HPP
#define DAEMONIZER_SYSTEM_CLOCK_HPP

#include <daemonizer/system/abi.hpp>

#include <ctime>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Sleeps for less than a second, or until a signal is handled; `mask` is in force meanwhile.
template <class Host>
[[gnu::visibility("hidden")]] void sleep_for(Host host, long nanoseconds,
                                             const sigset_t* mask = nullptr) {
    const timespec time{0, nanoseconds};
    host.poll(nullptr, 0, &time, mask);
}

} // namespace daemonizer::detail

#endif
