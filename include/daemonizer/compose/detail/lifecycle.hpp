// SPDX-License-Identifier: BSL-1.0
// A start from its first step to the end of the daemon.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_HPP

#include <daemonizer/compose/detail/log_sink.hpp>
#include <daemonizer/compose/detail/plan.hpp>
#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/side.hpp>
#include <daemonizer/compose/start/fork_context.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/compose/start/status_line.hpp>
#include <daemonizer/system/abi.hpp>

#include <syslog.h>
#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A start from its first step to its end: what Running owns, and what becomes of it. Running's
/// destructor finishes it: between both are the members that policies bring, whose destructors then
/// are trivial and leave no code behind.
template <class... Policies>
class Lifecycle {
protected:
    using core_type = StartData<Policies...>;
    using plan = Plan<Policies...>;
    using Fork = typename core_type::template in<slots::fork>;
    using Stdio = typename core_type::template in<slots::stdio>;
    using Monitoring = typename core_type::template in<slots::monitor>;
    using Upgrading = typename core_type::template in<slots::upgrade>;
    using LogSink = typename find_log_sink<core_type, Policies...>::type;

    /// Whether a parent of the daemon's starts it again when it crashes.
    static constexpr bool is_monitored = [] {
        if constexpr (requires { Monitoring::restarts; })
            return Fork::detaches;
        else
            return false;
    }();

    /// The steps of that parent: to record itself, and to close what it has inherited; then those
    /// of a daemon whose parent holds the pid file.
    struct partial_plan {
        using record = steps_of<slots::pid, typename plan::in_daemon>;
        using close = steps_of<slots::descriptors, typename plan::in_daemon>;
        /// A descriptor for a newline has been closed in the first start.
        using in_restart = steps_without<slots::descriptor_notify,
                                         steps_without<slots::pid, typename plan::in_launcher>>;
        using in_trial = steps_without<slots::notify, in_restart>; ///< no manager hears of it
        using in_daemon = steps_without<slots::pid, typename plan::in_daemon>;
    };

    /// `shown` is `starting`, where this process itself has put a line of status() on the terminal.
    enum class stage : unsigned char { nothing, launcher, starting, shown, ready, failed };
    static constexpr bool shows_status = !Fork::detaches || core_type::may_stay;

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

    enum class outcome { daemon, launcher, failed };

    /// Runs the steps up to the body. Does not return in an intermediate, nor in a daemon whose
    /// step failed: these report, undo and leave.
    template <bool LauncherReturns>
    auto begin(Failure& failure) -> outcome {
        if constexpr (core_type::may_continue) {
            const StepContext<core_type> start{core_, failure};
            if (Upgrading::is_continued(start))
                return go_on(start);
            const outcome known = Upgrading::remember(start) ? begin_first<LauncherReturns>(failure)
                                                             : outcome::failed;
            if (known == outcome::failed)
                core_.template state<Upgrading>().close(core_.host());
            return known;
        } else {
            return begin_first<LauncherReturns>(failure);
        }
    }

    template <bool LauncherReturns>
    [[gnu::always_inline]] auto begin_first(Failure& failure) -> outcome {
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
            return run_in_launcher(start) ? serve_or_fail(start) : outcome::failed;
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
        if (run_in_launcher(start) &&
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
        if constexpr (is_monitored)
            if (Monitoring::is_restart(start)) {
                begin_again(start);
                return outcome::daemon;
            }
        if (!run_in_launcher(start))
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
            tell_not_launched(failure);
            plan::in_launcher::undo(core_, core_.host());
            return outcome::failed;
        case side::daemon:
            break;
        }
        if constexpr (is_monitored)
            Monitoring::template part<partial_plan>(detaching{{core_, failure, &signals}});
        return outcome::daemon;
    }

    /// The first steps. Whoever is told of a start that fails is told before they are undone.
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

    /// In a program that an older one has executed in its own place, or for a trial: the same
    /// process goes on, and neither forks nor locks its pid file again.
    auto go_on(const StepContext<core_type>& start) -> outcome {
        auto& upgrading = core_.template state<Upgrading>();
        if constexpr (Fork::detaches)
            core_.template state<Fork>().daemon = core_.host().pid();
        const bool done =
            upgrading.is_trial
                ? partial_plan::in_trial::run(start) && partial_plan::in_daemon::run(start)
                : partial_plan::in_restart::run(start) && Upgrading::adopt_pid_file(start) &&
                      plan::in_daemon::run(start);
        upgrading.is_settled = done;
        if (done) {
            stage_ = stage::starting;
            return outcome::daemon;
        }
        Upgrading::end_trial(core_.host(), upgrading, &start.failure);
        Upgrading::try_again(start);
        plan::in_launcher::undo(core_, core_.host());
        return outcome::failed;
    }

    /// In a daemon that its monitor has started anew, from the program's file: what a launcher does
    /// before the fork, but for the pid file, which the monitor holds.
    void begin_again(const StepContext<core_type>& start) {
        if (!partial_plan::in_restart::run(start))
            fail_start(start.failure);
        if constexpr (core_type::template in<slots::signals>::keeps)
            start.signals->end(core_.host());
    }

    auto serve_or_fail(const StepContext<core_type>& start) -> outcome {
        if (run_in_daemon(start)) {
            if constexpr (is_monitored)
                say_restart();
            stage_ = stage::starting;
            return outcome::daemon;
        }
        if constexpr (core_type::template wants<event::failed>)
            if (core_.stays()) // before the policies give back what they speak through
                core_.tell(core_.host(), event::failed{start.failure});
        plan::in_launcher::undo(core_, core_.host());
        if (core_.has_launcher())
            fail_start(start.failure);
        take_stderr_back();
        return outcome::failed;
    }

    static auto run_in_daemon(const StepContext<core_type>& start) -> bool {
        if constexpr (is_monitored)
            if (!start.core.stays())
                return partial_plan::in_daemon::run(start);
        return plan::in_daemon::run(start);
    }

    /// A step has failed in a daemon that was forked.
    [[gnu::always_inline]] void fail_start(const Failure& failure) {
        stage_ = stage::starting;
        tell(failure);
        core_.host().leave_at_once(failure.exit_status());
    }

    /// Why the monitor has started this daemon anew, in the daemon's log. A process that the
    /// monitor has started for its last word leaves here.
    [[gnu::cold]] void say_restart() {
        const auto& monitoring = core_.template state<Monitoring>();
        if (!monitoring.is_restart)
            return;
        complain(monitoring.reason);
        if (monitoring.is_last_word)
            core_.host().leave_at_once(0);
    }

    /// Whether this is the daemon itself, before ready. A forked worker that returns from the body
    /// must not report.
    [[gnu::always_inline]] auto is_starting() -> bool {
        if constexpr (!Fork::detaches)
            return stage_ == stage::starting || stage_ == stage::shown;
        else
            return is_starting_daemon();
    }
    auto is_starting_daemon() -> bool {
        return (stage_ == stage::starting || (shows_status && stage_ == stage::shown)) &&
               is_daemon_itself();
    }
    auto is_daemon_itself() -> bool {
        if constexpr (Fork::detaches)
            return core_.host().pid() == core_.template state<Fork>().daemon;
        else
            return true;
    }

    /// Gives everything back; a daemon that never was ready reports that afterwards. Inlined, so
    /// that a handle which is known to hold nothing costs nothing.
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

    /// Tells the policies that the daemon ends, before they give back what they hold. A worker that
    /// has inherited the handle tells nothing.
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

    /// Reports a failure: before ready to the launcher, or without one to the terminal.
    void tell(const Failure& failure) {
        if constexpr (core_type::template wants<event::failed>)
            if (is_daemon_itself())
                core_.tell(core_.host(),
                           event::failed{failure, is_starting() && core_.has_launcher()});
        if (!is_starting())
            return complain(failure);
        remove_status_line();
        stage_ = stage::failed;
        if constexpr (Fork::detaches)
            if (core_.has_launcher())
                return tell_launcher(failure);
        detail::print_failure(core_.host(), old_stderr(), failure);
        if constexpr (Stdio::replaces)
            close_terminal();
    }
    void tell_launcher(const Failure& failure) {
        auto& end = core_.template state<Fork>().report;
        if (end.send_failed(core_.host(), failure) < 0)
            complain(failure);
        end.close(core_.host());
    }

    /// Writes a failure to the policy that takes the daemon's lines, else to stderr.
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

    /// Says that a worker's ready() reports nothing: no other process may be there to say it.
    void complain_of_worker() {
        if constexpr (Fork::detaches) {
            if (stage_ != stage::starting || !core_.has_launcher())
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

    /// In the launcher, where there is one, else here.
    template <bool>
    void show_status(const char* text) {
        using Host = typename core_type::template in<slots::host>;
        if constexpr (Fork::detaches) {
            // Instantiated for its initialisation: the launcher shows the line.
            (void)&StatusLineIsUsed<typename exiting_host<Host>::type>::value;
            if (!core_.stays()) {
                core_.template state<Fork>().report.send_status(core_.host(), text);
                return;
            }
        }
        if constexpr (shows_status) {
            stage_ = stage::shown;
            detail::write_status_line(core_.host(), old_stderr(), program_invocation_short_name,
                                      text);
        }
    }
    /// Where nothing forks. Else the launcher does it.
    [[gnu::always_inline]] void remove_status_line() {
        if constexpr (shows_status)
            if (stage_ == stage::shown)
                remove_shown_line();
    }
    [[gnu::cold, gnu::noinline]] void remove_shown_line() {
        detail::clear_status_line(core_.host(), old_stderr());
        stage_ = stage::starting;
    }
    /// The starter's, until ready.
    auto old_stderr() -> int {
        if constexpr (Stdio::replaces)
            if (const int terminal = core_.template state<Stdio>().terminal; terminal >= 0)
                return terminal;
        return 2;
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

} // namespace daemonizer::detail

#endif
