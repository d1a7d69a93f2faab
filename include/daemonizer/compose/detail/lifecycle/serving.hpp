// SPDX-License-Identifier: BSL-1.0
// The steps of the daemon itself, and what becomes of a start in which one of them fails.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_SERVING_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_SERVING_HPP

#include <daemonizer/compose/detail/lifecycle/ending.hpp>
#include <daemonizer/compose/detail/lifecycle/monitored.hpp>
#include <daemonizer/compose/event.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class... Policies>
class Serving : protected Ending<Policies...> {
    using base = Ending<Policies...>;

protected:
    using base::base;
    using base::core_;
    using base::stage_;
    using typename base::core_type;
    using typename base::Fork;
    using typename base::plan;
    using typename base::stage;

    enum class outcome { daemon, launcher, failed };

    auto serve_or_fail(const StepContext<core_type>& start) -> outcome {
        if (run_or_give_back(start)) {
            if constexpr (is_monitored<core_type>)
                monitored::say_restart(core_, complaining());
            stage_ = stage::starting;
            return outcome::daemon;
        }
        if constexpr (core_type::template wants<event::failed>)
            if (core_.stays()) // before the policies give back what they speak through
                core_.tell(core_.host(), event::failed{start.failure});
        plan::in_launcher::undo(core_, core_.host());
        if (core_.has_launcher())
            fail_detached(start.failure);
        this->take_stderr_back();
        return outcome::failed;
    }

    /// A step has failed in a daemon that was forked, or that its monitor has started anew. That
    /// one has not said why yet.
    [[gnu::always_inline]] void fail_detached(const Failure& failure) {
        if constexpr (is_monitored<core_type>)
            monitored::say_reason(core_, complaining());
        this->fail_start(failure);
    }

private:
    using monitored = Monitored<core_type, plan>;

    auto complaining() {
        return [this](const Failure& reason) { this->complain(reason); };
    }

    /// Runs the steps. If the thread ends in one (pthread_exit, or cancelled) and no launcher
    /// undoes what it has acquired, this process undoes it: its other threads, or its program, go
    /// on.
    auto run_or_give_back(const StepContext<core_type>& start) -> bool {
#if defined(__cpp_exceptions)
        if constexpr (plan::in_launcher::undoes && (!Fork::detaches || core_type::may_stay)) {
            try {
                return run_in_daemon(start);
            } catch (...) { // what a step throws is a failure of that step
                if (!core_.has_launcher())
                    plan::in_launcher::undo(core_, core_.host());
                throw;
            }
        }
#endif
        return run_in_daemon(start);
    }

    static auto run_in_daemon(const StepContext<core_type>& start) -> bool {
        if constexpr (is_monitored<core_type>)
            return monitored::run_in_daemon(start);
        else
            return plan::in_daemon::run(start);
    }
};

} // namespace daemonizer::detail

#endif
