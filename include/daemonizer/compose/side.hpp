// SPDX-License-Identifier: BSL-1.0
// The processes that a fork policy's `detach` returns in.
#ifndef DAEMONIZER_COMPOSE_SIDE_HPP
#define DAEMONIZER_COMPOSE_SIDE_HPP

namespace daemonizer {

/// In which process `detach` has returned.
enum class side { daemon, launcher, failed };

} // namespace daemonizer

#endif
