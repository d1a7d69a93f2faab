// SPDX-License-Identifier: BSL-1.0
// A signal policy without a call, beside which another policy's own calls are seen.
#ifndef NO_SIGNALS_HPP
#define NO_SIGNALS_HPP

#include <daemonizer/daemonizer.hpp>

/// As KeepSignals, but it does not ask whether the process is PID 1, and has no step at all.
struct NoSignals {
    using slot = daemonizer::slots::signals;
    using steps = daemonizer::step_list<>;
    static constexpr bool keeps = true;
    static constexpr auto collects(int) -> bool { return false; }
};

#endif
