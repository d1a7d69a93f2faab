// SPDX-License-Identifier: BSL-1.0
// Bugs that are planted into the probe, to see that the search finds them.
#ifndef DAEMONIZER_TESTS_SCHEDULE_PLANTED_HPP
#define DAEMONIZER_TESTS_SCHEDULE_PLANTED_HPP

namespace planted {

/// "recheck", "acknowledgement", "byte-1", "owner", "parent-death", "handover", or "" for none.
void choose(const char* bug);

/// The daemon knows its number; with "owner" it does not ask for it again.
void pid_is_known();

} // namespace planted

#endif
