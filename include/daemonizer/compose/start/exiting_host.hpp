// SPDX-License-Identifier: BSL-1.0
// Which host a launcher has once it only waits and leaves.
#ifndef DAEMONIZER_COMPOSE_START_EXITING_HOST_HPP
#define DAEMONIZER_COMPOSE_START_EXITING_HOST_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The host of a launcher that never returns to the program: a raw one where the host names one.
template <class Host>
struct exiting_host {
    using type = Host;
    [[gnu::visibility("hidden")]] static auto of(const Host& host) -> const Host& { return host; }
};
template <class Host>
    requires requires { typename Host::raw; }
struct exiting_host<Host> {
    using type = typename Host::raw;
    [[gnu::visibility("hidden")]] static auto of(const Host&) -> type { return {}; }
};

} // namespace daemonizer::detail

#endif
