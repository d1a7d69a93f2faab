// SPDX-License-Identifier: BSL-1.0
// The daemon that a body is handed, and the handle that start() returns.
#ifndef DAEMONIZER_COMPOSE_RUNNING_HPP
#define DAEMONIZER_COMPOSE_RUNNING_HPP

#include <daemonizer/compose/detail/lifecycle.hpp>
#include <daemonizer/compose/detail/member_chain.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/abi.hpp>

#include <sys/types.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// Has the members of every daemon. Policies build theirs on top of it.
template <class... Policies>
class DaemonBase : protected Lifecycle<Policies...> {
    using lifecycle = Lifecycle<Policies...>;

protected:
    using lifecycle::abandon;
    using lifecycle::complain_of_worker;
    using lifecycle::core_;
    using lifecycle::is_starting;
    using lifecycle::stage_;
    using lifecycle::tell;
    using typename lifecycle::core_type;
    using typename lifecycle::Fork;
    using typename lifecycle::LogSink;
    using typename lifecycle::stage;
    using typename lifecycle::Stdio;

public:
    using lifecycle::lifecycle;
    DaemonBase(DaemonBase&&) noexcept = default;
    auto operator=(DaemonBase&&) noexcept -> DaemonBase& = default;

    /// True in the process that the user started, which should now leave by `_exit(0)`.
    auto is_launcher() const -> bool { return stage_ == stage::launcher; }

    /// The daemon's process id.
    auto pid() -> pid_t {
        if constexpr (Fork::detaches)
            if (is_launcher())
                return core_.template state<Fork>().daemon;
        return core_.host().pid();
    }

    /// Reports that the start is complete: the launcher leaves with 0. Returns once the launcher
    /// has taken the report. If the launcher has died, undoes the start and leaves: nobody was told
    /// that the daemon runs. `status` goes to a notify policy where there is one. A further call
    /// tells that policy that a reload is over, and does nothing else. In a process that the daemon
    /// has forked it reports nothing, and says so where failures after ready go.
    [[gnu::always_inline]] void ready([[maybe_unused]] const char* status = nullptr) {
        if (!is_starting()) {
            if (stage_ == stage::ready && this->is_daemon_itself())
                core_.tell(core_.host(), event::ready{status, true});
            else
                complain_of_worker();
            return;
        }
        announce();
        this->remove_status_line();
        become_ready(status);
    }
    template <class T>
    void ready(const T& status) {
        ready(detail::characters_of(status));
    }

    template <class... Wrong>
        requires(sizeof...(Wrong) > 1)
    void ready(const Wrong&...) {
        static_assert(detail::is_accepted<Wrong...>,
                      "daemonizer: ready() takes nothing, or one text: ready(\"serving\")");
    }

    /// What the daemon is doing. Before ready it is one line on the terminal of the start, which
    /// the next one replaces and the end of the start removes: nothing where stderr is no terminal.
    /// With a notify policy it goes there, too. In the launcher of `start()` nothing is shown.
    template <bool Named = true>
    void status(const char* text) {
        const bool starts = is_starting();
        if (starts)
            this->template show_status<Named>(text);
        tell_policies(event::status{text, starts && core_.has_launcher()});
    }
    template <class T>
    void status(const T& text) {
        status(detail::characters_of(text));
    }
    template <class... Wrong>
        requires(sizeof...(Wrong) != 1)
    void status(const Wrong&...) {
        static_assert(detail::is_accepted<Wrong...>,
                      "daemonizer: status() takes one text: status(\"loading\")");
    }

    /// Reports that the start has failed: the launcher says `why` and leaves with `status` (1 for
    /// 0). After ready, or in a process that the daemon has forked, it goes to the log policy where
    /// there is one, else to stderr. Returns `status`, for the body to return.
    auto fail(int status, const char* why) -> int {
        Failure failure;
        failure.name_step("daemon");
        failure.describe(is_starting() ? "not ready" : "failed", why, 0, status);
        tell(failure);
        return status;
    }
    template <class T>
    auto fail(int status, const T& why) -> int {
        return fail(status, detail::characters_of(why));
    }
    /// Refuses a text without a status, or before it.
    template <detail::AnyText T>
        requires(!std::is_arithmetic_v<T>)
    auto fail(const T&, int) -> int { return fail(); }
    template <class... Wrong>
        requires(sizeof...(Wrong) != 2)
    auto fail(const Wrong&...) -> int {
        static_assert(detail::is_accepted<Wrong...>,
                      "daemonizer: fail() takes the status and then the reason: fail(3, \"why\")");
        return 1;
    }

    /// Gives one line to the log policy, at LOG_ERR, LOG_INFO and their like.
    void log([[maybe_unused]] int priority, [[maybe_unused]] const char* text) {
        constexpr bool has_sink = !std::is_void_v<LogSink>;
        static_assert(has_sink,
                      "daemonizer: log() needs the policy Syslog, or another with write_line");
        if constexpr (has_sink)
            this->write_line(priority, text);
    }
    template <class T>
    void log(int priority, const T& text) {
        log(priority, detail::characters_of(text));
    }
    /// Refuses a text without a priority, or before it.
    template <detail::AnyText T, class Other>
        requires(!std::is_arithmetic_v<T>)
    void log(const T&, const Other&) { log(); }
    template <class... Wrong>
        requires(sizeof...(Wrong) != 2)
    void log(const Wrong&...) {
        static_assert(
            detail::is_accepted<Wrong...>,
            "daemonizer: log() takes the priority and then one text: log(LOG_INFO, \"text\")");
    }

protected:
    /// Tells the launcher, and returns once it has taken the report.
    [[gnu::always_inline]] void announce() {
        if constexpr (Fork::detaches) {
            if (core_.has_launcher()) {
                auto& report = core_.template state<Fork>().report;
                const int error = report.announce(core_.host());
                report.close(core_.host());
                if (error < 0)
                    abandon(error);
            }
        }
    }
    [[gnu::always_inline]] void become_ready([[maybe_unused]] const char* status = nullptr) {
        if constexpr (!Fork::detaches && Stdio::replaces)
            this->close_terminal();
        stage_ = stage::ready;
        core_.tell(core_.host(), event::ready{status, core_.has_launcher()});
    }

    // For the members that policies bring, see member_chain.hpp.

    /// The policy that fills `Slot`, or void.
    template <class Slot>
    using in = typename core_type::template in<Slot>;

    auto host() const -> decltype(auto) { return core_.host(); }
    template <class Policy>
    auto option_of() const -> const Policy& {
        return core_.template option<Policy>();
    }
    template <class Policy>
    auto state_of() -> auto& {
        return core_.template state<Policy>();
    }
    /// The same of the policy that fills `Slot`.
    template <class Slot>
    auto option_in() const -> const auto& {
        return option_of<in<Slot>>();
    }
    template <class Slot>
    auto state_in() -> auto& {
        return state_of<in<Slot>>();
    }
    /// Tells the policies of one of the events in event.hpp. A worker that the daemon has forked
    /// tells nobody.
    template <class Event>
    void tell_policies(const Event& event) {
        if constexpr (core_type::template wants<Event>)
            if (this->is_daemon_itself())
                core_.tell(core_.host(), event);
    }
    /// Whether this is the daemon's process, and no worker that it has forked.
    auto is_daemon_process() -> bool { return this->is_daemon_itself(); }
    auto is_ready_daemon() -> bool { return stage_ == stage::ready && is_daemon_process(); }
    /// Whether AutoFork has found a supervisor: then 0-2 are what that gave.
    static constexpr bool may_stay = core_type::may_stay;
    auto stays() -> bool { return core_.stays(); }
    /// Writes a failure to where errors go after ready: a log policy, else stderr.
    void complain(const Failure& failure) { lifecycle::complain(failure); }
};

} // namespace detail

/// A started daemon: what the body is handed and `start()` returns. Owns what the start acquired
/// and gives it back when destroyed. Move-only. Its functions are the daemon's and not
/// async-signal-safe; in the launcher only `is_launcher()` and `pid()` mean something. Beside the
/// members of DaemonBase it has those that the policies of the composition bring.
template <class... Policies>
class Running : public detail::MemberLayer<detail::members_count<Policies...>, Policies...> {
    using members = detail::MemberLayer<detail::members_count<Policies...>, Policies...>;

public:
    using members::members;
    Running(Running&&) noexcept = default;
    auto operator=(Running&&) noexcept -> Running& = default;
    [[gnu::always_inline]] ~Running() { detail::Lifecycle<Policies...>::finish(1); }

private:
    template <class...>
    friend class Composition;
};

} // namespace daemonizer

#endif
