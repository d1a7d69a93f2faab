// SPDX-License-Identifier: BSL-1.0
// A start whose daemon has a monitor, and the start that the monitor makes after a crash.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_MONITORED_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_MONITORED_HPP

#include <daemonizer/compose/detail/partial_plan.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether a parent of the daemon's starts it again when it crashes.
template <class Core>
inline constexpr bool is_monitored = [] {
    if constexpr (requires { Core::template in<slots::monitor>::restarts; })
        return Core::template in<slots::fork>::detaches;
    else
        return false;
}();

/// Does what a composition with a monitor does beside its plan. Other compositions do not
/// instantiate it.
template <class Core, class Plan>
struct Monitored {
    using Monitoring = typename Core::template in<slots::monitor>;
    using Steps = PartialPlan<Plan>;

    /// Whether the monitor has executed this program, whose start is that of its daemon.
    static auto is_restart(const auto& start) -> bool { return Monitoring::is_restart(start); }

    /// In a daemon that its monitor has started anew, from the program's file: what a launcher does
    /// before the fork, but for the pid file, which the monitor holds.
    static auto begin_again(const auto& start) -> bool {
        if (!Steps::in_restart::run(start))
            return false;
        if constexpr (Core::template in<slots::signals>::keeps)
            start.signals->end(start.host());
        return true;
    }

    /// In the process that a fork policy has detached: it becomes the monitor. Returns in the
    /// daemon.
    static void part(const auto& start) { Monitoring::template part<Steps>(start); }

    static auto run_in_daemon(const auto& start) -> bool {
        return start.core.stays() ? Plan::in_daemon::run(start) : Steps::in_daemon::run(start);
    }

    /// Says why the monitor has started this daemon anew, in the daemon's log, unless it is there.
    template <class Complain>
    [[gnu::cold]] static void say_reason(Core& core, Complain complain) {
        const auto& monitoring = core.template state<Monitoring>();
        if (monitoring.is_restart && !monitoring.is_said)
            complain(monitoring.reason);
    }
    /// The same, once the log is open. A process that the monitor has started for its last word
    /// leaves here.
    template <class Complain>
    [[gnu::cold]] static void say_restart(Core& core, Complain complain) {
        say_reason(core, complain);
        if (core.template state<Monitoring>().is_last_word)
            core.host().leave_at_once(0);
    }
};

} // namespace daemonizer::detail

#endif
