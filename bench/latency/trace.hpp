// SPDX-License-Identifier: BSL-1.0
// Counts the system calls of a start exactly, by stopping at each: not while anything is timed.
#pragma once

#include <functional>
#include <optional>
#include <sys/types.h>
#include <unistd.h>

namespace latency {

// No system calls have these numbers; a tracer sees them all the same.
constexpr long call_begins = 100'001, call_ends = 100'002;

void mark_begin_of_start();
void mark_end_of_start();

/// From the launcher's call until it has gone and `ready()` has returned in the daemon, in all
/// processes of the start. `child` is the body of the launcher's process; nothing where the system
/// does not let a process be traced.
auto count_calls(const std::function<void()>& child) -> std::optional<int>;

} // namespace latency
