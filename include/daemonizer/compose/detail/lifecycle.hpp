// SPDX-License-Identifier: BSL-1.0
// A start, from its first step up to the body.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_HPP

#include <daemonizer/compose/detail/lifecycle/continued.hpp>
#include <daemonizer/compose/detail/lifecycle/monitored.hpp>
#include <daemonizer/compose/detail/lifecycle/serving.hpp>
#include <daemonizer/compose/side.hpp>
#include <daemonizer/compose/start/fork_context.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A start from its first step to its end: what Running owns, and what becomes of it.
template <class... Policies>
class Lifecycle : protected Serving<Policies...> {
    using base = Serving<Policies...>;

protected:
    using base::base;
    using base::core_;
    using base::stage_;
    using typename base::core_type;
    using typename base::Fork;
    using typename base::host_type;
    using typename base::outcome;
    using typename base::plan;
    using typename base::stage;
    static constexpr bool keeps_signals = core_type::template in<slots::signals>::keeps;

    /// Runs the steps up to the body. Does not return in an intermediate, nor in a daemon whose
    /// step failed: these report, undo and leave.
    template <bool LauncherReturns>
    auto begin(Failure& failure) -> outcome {
        if constexpr (core_type::may_continue) {
            using continued = Continued<core_type, plan>;
            const StepContext<core_type> start{core_, failure};
            if (!continued::is_continued(start))
                return continued::begin_first(
                    start, outcome::failed, [&] { return begin_first<LauncherReturns>(failure); });
            if (!continued::go_on(start))
                return outcome::failed;
            stage_ = stage::starting;
            return outcome::daemon;
        } else {
            return begin_first<LauncherReturns>(failure);
        }
    }

private:
    template <bool LauncherReturns>
    auto begin_first(Failure& failure) -> outcome {
        if constexpr (Fork::detaches) {
            StartSignals signals;
            const outcome known = begin_detached<LauncherReturns>(failure, signals);
            if (known == outcome::daemon) {
                const outcome served = this->serve_or_fail({core_, failure});
                if constexpr (core_type::may_stay)
                    if (served == outcome::failed)
                        signals.end(core_.host());
                return served;
            }
            if constexpr (LauncherReturns) {
                if (known == outcome::launcher)
                    signals.end_started(core_.host());
                else
                    signals.end(core_.host());
            } else {
                signals.die(exiting_host<host_type>::of(core_.host()));
            }
            return known;
        } else if constexpr (core_type::holds_signals) {
            return begin_in_place(failure);
        } else {
            const StepContext<core_type> start{core_, failure};
            return run_in_launcher(start) ? this->serve_or_fail(start) : outcome::failed;
        }
    }

    /// Begins a start without a fork. No signal acts until the signal policy says what it does
    /// then: one that ends the process would leave behind what the first steps have made.
    auto begin_in_place(Failure& failure) -> outcome {
        StartSignals signals;
        const StepContext<core_type> start{core_, failure, &signals};
        if (const int error = signals.begin(core_.host(), false); error < 0) {
            start.fail_step("signals", "sigprocmask", error);
            return outcome::failed;
        }
        if (run_in_launcher(start) &&
            this->serve_or_fail({core_, failure, keeps_signals ? &signals : nullptr}) ==
                outcome::daemon)
            return outcome::daemon;
        signals.end(core_.host());
        return outcome::failed;
    }

    /// Begins a start with a fork, in the launcher. No signal acts meanwhile, and none after that:
    /// the daemon's own steps, and in the launcher begin(), say what holds then.
    template <bool LauncherReturns>
    auto begin_detached(Failure& failure, StartSignals& signals) -> outcome {
        const StepContext<core_type> start{core_, failure, &signals};
        if (const int error = signals.begin(core_.host(), !LauncherReturns); error < 0) {
            start.fail_step("signals", "sigprocmask", error);
            if constexpr (is_monitored<core_type>)
                if (Monitored<core_type, plan>::is_restart(start))
                    this->fail_detached(failure);
            return outcome::failed;
        }
        if constexpr (is_monitored<core_type>)
            if (Monitored<core_type, plan>::is_restart(start)) {
                if (!Monitored<core_type, plan>::begin_again(start))
                    this->fail_detached(failure);
                return outcome::daemon;
            }
        if (!run_in_launcher(start))
            return outcome::failed;
        if constexpr (core_type::may_stay)
            if (core_.stays()) {
                Fork::stay(start);
                if constexpr (keeps_signals)
                    signals.end(core_.host());
                return outcome::daemon;
            }
        using detaching = ForkContext<core_type, typename plan::in_launcher, LauncherReturns>;
        switch (Fork::detach(detaching{{core_, failure, &signals}})) {
        case side::launcher:
            plan::in_launcher::drop_launcher_copy(core_);
            stage_ = stage::launcher;
            return outcome::launcher;
        case side::failed:
            tell_not_launched(failure);
            plan::in_launcher::undo(core_, core_.host());
            return outcome::failed;
        case side::daemon:
            break;
        }
        if constexpr (is_monitored<core_type>)
            Monitored<core_type, plan>::part(detaching{{core_, failure, &signals}});
        return outcome::daemon;
    }

    /// Runs the first steps. Whoever is told of a start that fails is told before they are undone.
    [[gnu::always_inline]] auto run_in_launcher(const StepContext<core_type>& start) -> bool {
        if constexpr (core_type::template wants<event::not_launched>)
            return plan::in_launcher::run(start, [&] { tell_not_launched(start.failure); });
        else
            return plan::in_launcher::run(start);
    }
    void tell_not_launched([[maybe_unused]] const Failure& failure) {
        if constexpr (core_type::template wants<event::not_launched>)
            core_.tell(core_.host(), event::not_launched{failure});
    }
};

} // namespace daemonizer::detail

#endif
