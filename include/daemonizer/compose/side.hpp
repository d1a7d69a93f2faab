// SPDX-License-Identifier: BSL-1.0
// The processes that a fork policy's `detach` returns in.
#ifndef DAEMONIZER_COMPOSE_SIDE_HPP
#define DAEMONIZER_COMPOSE_SIDE_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// In which process `detach` has returned.
enum class side { daemon, launcher, failed };

} // namespace daemonizer

#endif
