// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <stdexcept>

namespace latency {

/// Nanoseconds from the call in the launcher; 0 where there is no such moment.
struct Times {
    double body = 0, written = 0, known = 0, gone = 0;
};

/// A start that went wrong, or left something behind.
struct Broken : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Makes this process the one that inherits every orphan, maps the marks, makes the directory.
void set_up();
/// Takes all of it away again. Throws Broken where a process or a file has been left behind.
void tear_down();

/// Runs `start` in a child of this process, the launcher, and ends the daemon that comes of it.
/// Without a launcher of its own, the launcher's process is the daemon.
auto launch(const std::function<void()>& start, bool has_launcher) -> Times;

/// How many system calls that takes; 0 where they cannot be counted.
auto calls_of(const std::function<void()>& start) -> int;

} // namespace latency
