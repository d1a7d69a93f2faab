// SPDX-License-Identifier: BSL-1.0
// Finds the policy that takes the daemon's lines.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LOG_SINK_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LOG_SINK_HPP

#include <daemonizer/compose/start/start_context.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Policy, class Core>
concept takes_lines = requires(Core& core, const char* text) {
    Policy::write_line(core.host(), core.template option<Policy>(), core.template state<Policy>(),
                       0, text);
};

/// The first policy, in the order of slots, that takes lines, or void.
template <class Core, class... Policies>
struct find_log_sink {
    using type = void;
};
template <class Core, class First, class... Rest>
struct find_log_sink<Core, First, Rest...> : find_log_sink<Core, Rest...> {};
template <class Core, class First, class... Rest>
    requires takes_lines<First, Core>
struct find_log_sink<Core, First, Rest...> {
    using type = First;
};

} // namespace daemonizer::detail

#endif
