// SPDX-License-Identifier: BSL-1.0
// The processes that a fork policy's `detach` returns in.
#ifndef DAEMONIZER_COMPOSE_SIDE_HPP
#define DAEMONIZER_COMPOSE_SIDE_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Tells in which process `detach` has returned.
enum class side {
    daemon,   ///< in the daemon: the start goes on
    launcher, ///< in the launcher of start(): the daemon is ready
    failed,   ///< in the launcher: the start has failed, and the failure is named
};

} // namespace daemonizer

#endif
