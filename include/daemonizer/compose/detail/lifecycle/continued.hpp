// SPDX-License-Identifier: BSL-1.0
// The start of a program that an upgrade has put in the place of an older one.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_CONTINUED_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_CONTINUED_HPP

#include <daemonizer/compose/detail/partial_plan.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Does what a composition with an upgrade does beside its plan. Other compositions do not
/// instantiate it.
template <class Core, class Plan>
struct Continued {
    using Upgrading = typename Core::template in<slots::upgrade>;
    using Steps = PartialPlan<Plan>;

    /// Whether an older program has executed this one, in its own place or for a trial.
    static auto is_continued(const auto& start) -> bool { return Upgrading::is_continued(start); }

    /// In the first start: remembers what an upgrade will need. `begin` makes the start itself.
    template <class Outcome, class Begin>
    static auto begin_first(const auto& start, Outcome failed, Begin begin) -> Outcome {
        const Outcome known = Upgrading::remember(start) ? begin() : failed;
        if (known == failed)
            start.core.template state<Upgrading>().close(start.host());
        return known;
    }

    /// The same process goes on, and neither forks nor locks its pid file again. It takes that over
    /// first: whatever fails, the file is taken away.
    static auto go_on(const auto& start) -> bool {
        using Fork = typename Core::template in<slots::fork>;
        auto& upgrading = start.core.template state<Upgrading>();
        if constexpr (Fork::detaches)
            start.core.template state<Fork>().daemon = start.host().pid();
        const bool done = upgrading.is_trial
                              ? Steps::in_trial::run(start) && Steps::in_daemon::run(start)
                              : Upgrading::adopt_pid_file(start) && Steps::in_restart::run(start) &&
                                    Plan::in_daemon::run(start);
        upgrading.is_settled = done;
        if (!done) {
            Upgrading::end_trial(start.host(), upgrading, &start.failure);
            Upgrading::try_again(start);
            Plan::in_launcher::undo(start.core, start.host());
        }
        return done;
    }
};

} // namespace daemonizer::detail

#endif
