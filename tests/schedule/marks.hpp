// SPDX-License-Identifier: BSL-1.0
// What the probe tells the scheduler: calls of numbers that no kernel has.
#ifndef DAEMONIZER_TESTS_SCHEDULE_MARKS_HPP
#define DAEMONIZER_TESTS_SCHEDULE_MARKS_HPP

namespace schedule {

enum Mark : long {
    mark_first = 6000,
    mark_main = mark_first, ///< main begins; what a libc does before it is not explored
    mark_body,              ///< the daemon's body is entered
    mark_ready,             ///< ready() is called
    mark_serves,            ///< ready() has returned
    mark_ends,              ///< the daemon has been told to end
    mark_worker,            ///< a child of the daemon
    mark_stranger,          ///< a process that has nothing to do with the daemon
    mark_trial,             ///< a child that proves a new program
    mark_end,
};

constexpr const char* mark_names[] = {"main", "body",   "ready()",  "serves",
                                      "ends", "worker", "stranger", "trial"};

} // namespace schedule

#endif
