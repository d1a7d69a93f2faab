// SPDX-License-Identifier: BSL-1.0
// What a fork policy is handed.
#ifndef DAEMONIZER_COMPOSE_START_FORK_CONTEXT_HPP
#define DAEMONIZER_COMPOSE_START_FORK_CONTEXT_HPP

#include <daemonizer/compose/start/start_context.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Is handed to a fork policy: the start, and what its launcher does in the end.
template <class Core, class LauncherSteps, bool Returns>
struct ForkContext : StepContext<Core> {
    using leaving = exiting_host<typename Core::template in<slots::host>>;

    using exiting_launcher = ForkContext<Core, LauncherSteps, false>;

    static constexpr bool launcher_returns = Returns; ///< start(); in run() it leaves
    /// Whether every step tells the launcher (each_text) which memory its `undo` reads.
    static constexpr bool needs_no_memory = LauncherSteps::template show_their_texts<Core>;

    /// Returns after how many seconds the launcher gives up, or 0 where it never does.
    static constexpr auto seconds() -> int {
        using Timeout = typename Core::template in<slots::timeout>;
        if constexpr (std::is_void_v<Timeout>)
            return 0;
        else
            return Timeout::seconds;
    }

    /// Gives back what the launcher has acquired.
    template <class Host>
    [[gnu::always_inline]] void undo(const Host& host) const {
        LauncherSteps::undo(this->core, host);
    }
};

} // namespace daemonizer::detail

#endif
