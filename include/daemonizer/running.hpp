// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_RUNNING_HPP
#define DAEMONIZER_RUNNING_HPP

#include <daemonizer/detail/detaching.hpp>
#include <daemonizer/detail/dispositions.hpp>
#include <daemonizer/detail/plan.hpp>
#include <daemonizer/detail/report.hpp>
#include <daemonizer/detail/say.hpp>
#include <daemonizer/fork.hpp>

#include <syslog.h>
#include <type_traits>
#include <utility>

namespace daemonizer {

/// A started daemon: what the body is handed and `start()` returns. Owns what the start acquired
/// and gives it back when destroyed. Move-only. Its functions are the daemon's and not
/// async-signal-safe; in the launcher only `is_launcher()` and `pid()` mean something.
template <class... Policies>
class Running {
    using core_type = detail::Core<Policies...>;
    using plan = detail::Plan<Policies...>;
    using Fork = typename core_type::template in<slots::fork>;
    using Stdio = typename core_type::template in<slots::stdio>;
    using Signals = typename core_type::template in<slots::signals>;
    using Log = typename core_type::template in<slots::log>;

    static constexpr bool collects = requires(core_type & core) {
        Signals::wait(core.host(), core.template state<Signals>(), 0LL);
    };

    enum class stage : unsigned char { nothing, launcher, starting, ready, failed };

public:
    explicit Running(const detail::Options<Policies...>& options) : core_{options} {}
    Running(Running&& other) noexcept
        : core_{other.core_}, stage_{std::exchange(other.stage_, stage::nothing)} {}
    auto operator=(Running&& other) noexcept -> Running& {
        if (this != &other) {
            finish(1);
            core_ = other.core_;
            stage_ = std::exchange(other.stage_, stage::nothing);
        }
        return *this;
    }
    [[gnu::always_inline]] ~Running() { finish(1); }

    /// True in the process that the user started, which should now leave by `_exit(0)`.
    auto is_launcher() const -> bool { return stage_ == stage::launcher; }

    /// The daemon's process id.
    auto pid() -> pid_t {
        if constexpr (Fork::detaches)
            if (is_launcher())
                return core_.template state<Fork>().daemon;
        return core_.host().pid();
    }

    /// The start is complete: the launcher leaves with 0. Returns once the launcher knows. If it
    /// has died instead, the start is undone and the daemon leaves: nobody was told that it runs.
    /// `status` goes to a notify policy where there is one. A second call does nothing.
    void ready([[maybe_unused]] const char* status = nullptr) {
        if (!is_starting())
            return;
        if constexpr (Fork::detaches) {
            auto& report = core_.template state<Fork>().report;
            const int error = report.announce(core_.host());
            report.close(core_.host());
            if (error < 0)
                abandon(error);
        } else if constexpr (Stdio::replaces) {
            close_terminal();
        }
        stage_ = stage::ready;
    }

    /// The start has failed: the launcher says `why` and leaves with `status` (1 for 0). After
    /// ready it goes to syslog where the composition has it, else to stderr. Returns `status`, for
    /// the body to return.
    auto fail(int status, const char* why) -> int {
        Failure failure;
        failure.name_step("daemon");
        failure.describe(is_starting() ? "not ready" : "failed", why, 0, status);
        tell(failure);
        return status;
    }

    /// Waits for a signal that the composition collects and returns its number; a negative errno
    /// where waiting is impossible.
    auto wait() -> int {
        static_assert(
            collects,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return wait_nanoseconds(-1);
    }

    /// As wait(), for a time (any std::chrono::duration, or what has its members); 0 at its end.
    template <class Duration>
    auto wait_for(const Duration& time) -> int {
        static_assert(
            collects,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return wait_nanoseconds(detail::nanoseconds(time));
    }

    /// Readable when a collected signal is pending, for poll, epoll and their like.
    auto descriptor() -> int {
        constexpr bool has_one = requires { core_.template state<Signals>().fd; };
        static_assert(has_one, "daemonizer: descriptor() needs the signal policy SignalFd");
        if constexpr (has_one)
            return core_.template state<Signals>().fd;
        else
            return -1;
    }

    /// Opens the log files anew, after a rename. On an error (which is said) the old ones stay.
    auto reopen() -> bool {
        auto& state = core_.template state<Stdio>();
        const auto& policy = core_.template option<Stdio>();
        constexpr bool has_files = requires { state.reopen(core_.host(), policy); };
        static_assert(has_files,
                      "daemonizer: reopen() needs a stdio policy with files (LogStdio, FileStdio)");
        int error = 0;
        if constexpr (has_files)
            error = state.reopen(core_.host(), policy);
        if (error >= 0)
            return true;
        Failure failure;
        failure.name_step("stdio");
        failure.describe("reopen", -error);
        complain(failure);
        return false;
    }

    /// Whether HandoffFork has handed the launcher's memory over, or was DoubleFork here.
    auto handed_over() -> bool {
        constexpr bool may = requires { core_.template state<Fork>().handed_over; };
        static_assert(may, "daemonizer: handed_over() needs the fork policy HandoffFork");
        if constexpr (may)
            return core_.template state<Fork>().handed_over;
        else
            return false;
    }

    /// Sends one message to syslog(3), at LOG_ERR, LOG_INFO...
    void log(int priority, const char* text) {
        static_assert(!std::is_void_v<Log>, "daemonizer: log() needs the policy Syslog");
        core_.host().log(priority, text);
    }

private:
    template <class...>
    friend class Composition;

    enum class outcome { daemon, launcher, failed };

    /// Runs the steps up to the body. Does not return in an intermediate, nor in a daemon whose
    /// step failed: these report, undo and leave.
    template <bool LauncherReturns>
    auto begin(Failure& failure) -> outcome {
        const detail::Start<core_type> start{core_, failure};
        if (!plan::in_launcher::run(start))
            return outcome::failed;
        if constexpr (Fork::detaches) {
            using detaching =
                detail::Detaching<core_type, typename plan::in_launcher, LauncherReturns>;
            switch (Fork::detach(detaching{{core_, failure}})) {
            case side::launcher:
                plan::in_launcher::hand_over(core_);
                stage_ = stage::launcher;
                return outcome::launcher;
            case side::failed:
                plan::in_launcher::undo(core_, core_.host());
                return outcome::failed;
            case side::daemon:
                break;
            }
        }
        if (plan::in_daemon::run(start)) {
            stage_ = stage::starting;
            return outcome::daemon;
        }
        plan::in_launcher::undo(core_, core_.host());
        if constexpr (Fork::detaches) {
            stage_ = stage::starting;
            tell(failure);
            core_.host().leave_at_once(failure.exit_status());
        }
        return outcome::failed;
    }

    /// Before ready, and in the daemon itself: what a worker does that it has forked, such as to
    /// return from the body, is nobody's start.
    auto is_starting() -> bool {
        if constexpr (Fork::detaches)
            return stage_ == stage::starting &&
                   core_.host().pid() == core_.template state<Fork>().daemon;
        else
            return stage_ == stage::starting;
    }

    /// Inlined, so that a handle which is known to hold nothing costs nothing. A daemon that never
    /// was ready says so, once everything is given back.
    [[gnu::always_inline]] void finish(int status) {
        if (stage_ == stage::nothing || stage_ == stage::launcher)
            return;
        const bool was_starting = is_starting();
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

    void give_back() {
        undo();
        stage_ = stage::nothing;
    }

    void undo() {
        plan::in_daemon::undo(core_, core_.host());
        plan::in_launcher::undo(core_, core_.host());
    }

    /// To whom it concerns: before ready the launcher, or the terminal that we still are on.
    void tell(const Failure& failure) {
        if (!is_starting())
            return complain(failure);
        stage_ = stage::failed;
        if constexpr (Fork::detaches) {
            auto& end = core_.template state<Fork>().report;
            if (end.send_failed(core_.host(), failure) < 0)
                complain(failure);
            end.close(core_.host());
        } else if constexpr (Stdio::replaces) {
            const int terminal = core_.template state<Stdio>().terminal;
            detail::say(core_.host(), terminal < 0 ? 2 : terminal, failure);
            close_terminal();
        } else {
            detail::say(core_.host(), 2, failure);
        }
    }

    void complain(const Failure& failure) {
        if constexpr (!std::is_void_v<Log>) {
            char line[512];
            detail::LineWriter{line, sizeof line}
                .text(failure.step())
                .text(": ")
                .text(failure.text());
            core_.host().log(LOG_ERR, line);
        } else {
            detail::say(core_.host(), 2, failure);
        }
    }

    void abandon(int error) {
        Failure failure;
        failure.name_step("daemon");
        failure.describe("not ready, the launcher is gone", -error);
        complain(failure);
        stage_ = stage::failed;
        finish(1);
        core_.host().leave(1);
    }

    void close_terminal() { core_.template state<Stdio>().close_terminal(core_.host()); }

    auto wait_nanoseconds(long long limit) -> int {
        if constexpr (collects)
            return Signals::wait(core_.host(), core_.template state<Signals>(), limit);
        else
            return static_cast<int>(limit); // refused by wait()
    }

    [[no_unique_address]] core_type core_;
    stage stage_ = stage::nothing;
};

} // namespace daemonizer

#endif
