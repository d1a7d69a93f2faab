// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_HPP

#include <daemonizer/compose/detail/log_sink.hpp>
#include <daemonizer/compose/detail/plan.hpp>
#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/fork_context.hpp>
#include <daemonizer/compose/print_failure.hpp>
#include <daemonizer/compose/side.hpp>
#include <daemonizer/system/abi.hpp>

#include <syslog.h>
#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A start from its first step to its end: what Running owns, and what becomes of it.
template <class... Policies>
class Lifecycle {
protected:
    using core_type = StartData<Policies...>;
    using plan = Plan<Policies...>;
    using Fork = typename core_type::template in<slots::fork>;
    using Stdio = typename core_type::template in<slots::stdio>;
    using LogSink = typename find_log_sink<core_type, Policies...>::type;

    enum class stage : unsigned char { nothing, launcher, starting, ready, failed };

    explicit Lifecycle(const Options<Policies...>& options) : core_{options} {}
    Lifecycle(Lifecycle&& other) noexcept
        : core_{std::move(other.core_)}, stage_{std::exchange(other.stage_, stage::nothing)} {}
    auto operator=(Lifecycle&& other) noexcept -> Lifecycle& {
        if (this != &other) {
            finish(1);
            core_ = std::move(other.core_);
            stage_ = std::exchange(other.stage_, stage::nothing);
        }
        return *this;
    }
    [[gnu::always_inline]] ~Lifecycle() { finish(1); }

    enum class outcome { daemon, launcher, failed };

    /// Runs the steps up to the body. Does not return in an intermediate, nor in a daemon whose
    /// step failed: these report, undo and leave.
    template <bool LauncherReturns>
    auto begin(Failure& failure) -> outcome {
        if constexpr (Fork::detaches) {
            StartSignals signals;
            const outcome known = begin_detached<LauncherReturns>(failure, signals);
            if (known == outcome::daemon) {
                const outcome served = serve_or_fail({core_, failure});
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
                signals.die(
                    exiting_host<typename core_type::template in<slots::host>>::of(core_.host()));
            }
            return known;
        } else if constexpr (plan::in_launcher::undoes) {
            return begin_in_place(failure);
        } else {
            const StepContext<core_type> start{core_, failure};
            return plan::in_launcher::run(start) ? serve_or_fail(start) : outcome::failed;
        }
    }

    /// Without a fork. No signal acts until the signal policy says what it does then: one that ends
    /// the process would leave behind what the first steps have made.
    auto begin_in_place(Failure& failure) -> outcome {
        StartSignals signals;
        const StepContext<core_type> start{core_, failure, &signals};
        if (const int error = signals.begin(core_.host(), false); error < 0) {
            start.fail_step("signals", "sigprocmask", error);
            return outcome::failed;
        }
        constexpr bool keeps = core_type::template in<slots::signals>::keeps;
        if (plan::in_launcher::run(start) &&
            serve_or_fail({core_, failure, keeps ? &signals : nullptr}) == outcome::daemon)
            return outcome::daemon;
        signals.end(core_.host());
        return outcome::failed;
    }

    /// In the launcher, until there is a daemon. No signal acts meanwhile, and none after that: the
    /// daemon's own steps, and in the launcher begin(), say what holds then.
    template <bool LauncherReturns>
    auto begin_detached(Failure& failure, StartSignals& signals) -> outcome {
        const StepContext<core_type> start{core_, failure, &signals};
        if (const int error = signals.begin(core_.host(), !LauncherReturns); error < 0) {
            start.fail_step("signals", "sigprocmask", error);
            return outcome::failed;
        }
        if (!plan::in_launcher::run(start))
            return outcome::failed;
        if constexpr (core_type::may_stay)
            if (core_.stays()) {
                Fork::stay(start);
                if constexpr (core_type::template in<slots::signals>::keeps)
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
            plan::in_launcher::undo(core_, core_.host());
            return outcome::failed;
        case side::daemon:
            break;
        }
        return outcome::daemon;
    }

    auto serve_or_fail(const StepContext<core_type>& start) -> outcome {
        if (plan::in_daemon::run(start)) {
            stage_ = stage::starting;
            return outcome::daemon;
        }
        plan::in_launcher::undo(core_, core_.host());
        if (!core_.stays()) {
            stage_ = stage::starting;
            tell(start.failure);
            core_.host().leave_at_once(start.failure.exit_status());
        }
        take_stderr_back();
        return outcome::failed;
    }

    /// Before ready, and in the daemon itself: what a worker does that it has forked, such as to
    /// return from the body, is nobody's start.
    auto is_starting() -> bool { return stage_ == stage::starting && is_daemon_itself(); }
    auto is_daemon_itself() -> bool {
        if constexpr (Fork::detaches)
            return core_.host().pid() == core_.template state<Fork>().daemon;
        else
            return true;
    }

    /// Inlined, so that a handle which is known to hold nothing costs nothing. A daemon that never
    /// was ready says so, once everything is given back.
    [[gnu::always_inline]] void finish(int status) {
        if (stage_ == stage::nothing || stage_ == stage::launcher)
            return;
        const bool was_starting = is_starting();
        tell_stopping();
        undo();
        if (was_starting)
            tell_end(status);
        stage_ = stage::nothing;
    }

    [[gnu::cold]] void tell_end(int status) {
        Failure failure;
        failure.name_step("daemon");
        failure.describe("ended before it was ready", "status ", 0, status).number(status);
        tell(failure);
    }

    /// Before what the policies hold is given back. A worker that has inherited the handle is
    /// nobody's daemon.
    void tell_stopping() {
        if constexpr (core_type::template wants<event::stopping>)
            if (stage_ == stage::ready && is_daemon_itself())
                core_.tell_in_reverse(core_.host(), event::stopping{});
    }

    void give_back() {
        tell_stopping();
        undo();
        stage_ = stage::nothing;
    }

    void undo() {
        plan::in_daemon::undo(core_, core_.host());
        plan::in_launcher::undo(core_, core_.host());
    }

    /// To whom it concerns: before ready the launcher, or the terminal that we still are on.
    void tell(const Failure& failure) {
        if constexpr (core_type::template wants<event::failed>)
            if (is_daemon_itself())
                core_.tell(core_.host(), event::failed{failure});
        if (!is_starting())
            return complain(failure);
        stage_ = stage::failed;
        if constexpr (Fork::detaches)
            if (!core_.stays())
                return tell_launcher(failure);
        if constexpr (Stdio::replaces) {
            const int terminal = core_.template state<Stdio>().terminal;
            detail::print_failure(core_.host(), terminal < 0 ? 2 : terminal, failure);
            close_terminal();
        } else {
            detail::print_failure(core_.host(), 2, failure);
        }
    }
    void tell_launcher(const Failure& failure) {
        auto& end = core_.template state<Fork>().report;
        if (end.send_failed(core_.host(), failure) < 0)
            complain(failure);
        end.close(core_.host());
    }

    /// To whoever takes the daemon's lines; nobody waits for its start any more.
    void complain(const Failure& failure) {
        if constexpr (!std::is_void_v<LogSink>) {
            char line[512];
            LineWriter{line, sizeof line}.text(failure.step()).text(": ").text(failure.text());
            write_line(LOG_ERR, line);
        } else {
            detail::print_failure(core_.host(), 2, failure);
        }
    }
    void write_line(int priority, const char* text) {
        LogSink::write_line(core_.host(), core_.template option<LogSink>(),
                            core_.template state<LogSink>(), priority, text);
    }

    /// A worker's ready() tells the launcher nothing: it may be the only one who could say so.
    void complain_of_worker() {
        if constexpr (Fork::detaches) {
            if (stage_ != stage::starting || core_.stays())
                return;
            Failure failure;
            failure.name_step("daemon");
            failure.describe("ready", "not reported, since a worker said it: pid ")
                .number(core_.host().pid());
            complain(failure);
        }
    }

    void abandon(int error) {
        Failure failure;
        failure.name_step("daemon");
        failure.describe(error == -EINTR ? "not ready, the launcher is silent, and a signal came"
                                         : "not ready, the launcher is gone",
                         -error);
        complain(failure);
        stage_ = stage::failed;
        finish(1);
        core_.host().leave(1);
    }

    void close_terminal() { core_.template state<Stdio>().close_terminal(core_.host()); }

    /// A step has failed, and no launcher says so: this process does, or its program after start(),
    /// on what stderr was.
    void take_stderr_back() {
        if constexpr (Stdio::replaces) {
            const int terminal = core_.template state<Stdio>().terminal;
            if (terminal >= 0)
                core_.host().duplicate_onto(terminal, 2);
            close_terminal();
        }
    }

    [[no_unique_address]] core_type core_;
    stage stage_ = stage::nothing;
};

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
