// SPDX-License-Identifier: BSL-1.0
// What a start knows at run time, and what a step of it is handed.
#ifndef DAEMONIZER_COMPOSE_START_START_CONTEXT_HPP
#define DAEMONIZER_COMPOSE_START_START_CONTEXT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/compose/start/start_signals.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class>
struct no_state {};

struct no_host {}; ///< stands for a host where a function takes any

template <class Policy>
struct state_type {
    using type = no_state<Policy>;
};
template <class Policy>
    requires requires { typename Policy::state; }
struct state_type<Policy> {
    using type = typename Policy::state;
};

template <class Policy>
struct Option {
    [[no_unique_address]] Policy value;
};

/// An empty policy is not stored: two of them may share a base, such as the same text, and then
/// they could not share an address.
template <class Policy>
    requires(std::is_empty_v<Policy>&& std::is_trivially_default_constructible_v<Policy>)
struct Option<Policy> {
    static constexpr Policy value{};

    constexpr Option() = default;
    constexpr explicit Option(const Policy&) {}
};

template <class Policy>
struct State {
    [[no_unique_address]] typename state_type<Policy>::type value{};
};

/// The options of a composition, each found by its policy's type; empty policies take no room.
template <class... Policies>
struct Options : Option<Policies>... {
    template <class Policy>
    [[gnu::always_inline]] constexpr auto get() const -> const Policy& {
        return static_cast<const Option<Policy>&>(*this).value;
    }
};

template <class Slot, class... Policies>
struct find_slot {
    using type = void;
};
template <class Slot, class First, class... Rest>
struct find_slot<Slot, First, Rest...> : find_slot<Slot, Rest...> {};
template <class Slot, class First, class... Rest>
    requires std::same_as<Slot, typename First::slot>
struct find_slot<Slot, First, Rest...> {
    using type = First;
};

/// Whether `Policy::on` takes this event.
template <class Policy, class Event>
constexpr bool is_told = requires(const Event& event, const Policy& policy,
                                  typename state_type<Policy>::type& state) {
    Policy::on(event, no_host{}, policy, state);
};

/// All that a start has at run time: the options it was described with, and what its steps have
/// acquired so far.
template <class... Policies>
struct StartData : Options<Policies...>, State<Policies>... {
    /// The policy that fills a slot, or void.
    template <class Slot>
    using in = typename find_slot<Slot, Policies...>::type;

    constexpr explicit StartData(const Options<Policies...>& options)
        : Options<Policies...>{options} {}

    template <class Policy>
    [[gnu::always_inline]] constexpr auto option() const -> const Policy& {
        return this->template get<Policy>();
    }
    template <class Policy>
    [[gnu::always_inline]] constexpr auto state() -> auto& {
        return static_cast<State<Policy>&>(*this).value;
    }
    [[gnu::visibility("hidden")]] constexpr auto host() const -> const in<slots::host>& {
        return option<in<slots::host>>();
    }

    /// Whether the fork policy decides only at run time, in the launcher, whether it forks.
    static constexpr bool may_stay =
        requires(in<slots::fork> fork, typename state_type<in<slots::fork>>::type state) {
        fork.stays(state);
    };
    /// Whether the start does not fork: launcher and daemon are one process, and no process waits
    /// for a report.
    auto stays() -> bool {
        using Fork = in<slots::fork>;
        if constexpr (may_stay)
            return Fork::stays(state<Fork>());
        else
            return !Fork::detaches;
    }

    /// Whether an upgrade may have put this program in the place of another one.
    static constexpr bool may_continue = requires(typename state_type<in<slots::upgrade>>::type s) {
        s.is_continued;
    };
    /// Whether a launcher waits for the outcome: not that of a start without a fork, nor of one
    /// that goes on in the place of an older program.
    static constexpr bool may_lack_launcher = may_stay || may_continue;
    auto has_launcher() -> bool {
        if constexpr (may_continue)
            if (state<in<slots::upgrade>>().is_continued)
                return false;
        return !stays();
    }

    /// Calls `keep(fd)` for each descriptor that a state holds.
    template <class Keep>
    void each_descriptor(Keep keep) {
        (descriptors_of(state<Policies>(), keep), ...);
    }
    /// Calls `keep(text)` for each pointer to text that a state's `undo` reads.
    template <class Keep>
    [[gnu::visibility("hidden")]] void each_text(Keep keep) {
        (texts_of(state<Policies>(), keep), ...);
    }

    /// Whether any policy wants to be told of such an event.
    template <class Event>
    static constexpr bool wants = (is_told<Policies, Event> || ...);

    /// Tells an event to each policy that has an `on` for it.
    template <class Host, class Event>
    [[gnu::visibility("hidden")]] void tell([[maybe_unused]] const Host& host,
                                            [[maybe_unused]] const Event& event) {
        (tell_one<Policies>(host, event), ...);
    }
    /// The same, the last policy first.
    template <class Host, class Event>
    void tell_in_reverse(const Host& host, const Event& event) {
        tell_last_first<Host, Event, Policies...>(host, event);
    }

private:
    template <class Host, class Event, class First, class... Rest>
    void tell_last_first(const Host& host, const Event& event) {
        if constexpr (sizeof...(Rest) != 0)
            tell_last_first<Host, Event, Rest...>(host, event);
        tell_one<First>(host, event);
    }
    template <class Policy, class Host, class Event>
    [[gnu::visibility("hidden")]] void tell_one(const Host& host, const Event& event) {
        if constexpr (is_told<Policy, Event>)
            Policy::on(event, host, option<Policy>(), state<Policy>());
    }
    template <class S, class Keep>
    static void descriptors_of(S& state, Keep keep) {
        if constexpr (requires { state.each_descriptor(keep); })
            state.each_descriptor(keep);
    }
    template <class S, class Keep>
    [[gnu::visibility("hidden")]] static void texts_of(S& state, Keep keep) {
        if constexpr (requires { state.each_text(keep); })
            state.each_text(keep);
    }
};

/// The host of a launcher that never returns to the program: a raw one where the host names one.
template <class Host>
struct exiting_host {
    using type = Host;
    [[gnu::visibility("hidden")]] static auto of(const Host& host) -> const Host& { return host; }
};
template <class Host>
    requires requires { typename Host::raw; }
struct exiting_host<Host> {
    using type = typename Host::raw;
    [[gnu::visibility("hidden")]] static auto of(const Host&) -> type { return {}; }
};

/// Is handed to a step: the start under way, and where the step says why it cannot go on.
template <class Core>
struct StepContext {
    template <class Slot>
    using in = typename Core::template in<Slot>;

    Core& core;
    Failure& failure;
    StartSignals* signals = nullptr; ///< held back, in the launcher of a composition that forks

    [[gnu::visibility("hidden")]] auto host() const -> decltype(auto) { return core.host(); }
    template <class Policy>
    auto state(const Policy&) const -> auto& {
        return core.template state<Policy>();
    }
    /// The policy that fills `Slot`; a step asks its neighbours only for what they promise.
    template <class Slot>
    auto option() const -> const in<Slot>& {
        return core.template option<in<Slot>>();
    }

    /// Sleeps, for less than a second. False once a signal has cancelled the start: then the step
    /// should fail at once (EINTR).
    auto pause(long nanoseconds) const -> bool {
        detail::sleep_for(host(), nanoseconds);
        return signals == nullptr || signals->look(exiting_host<in<slots::host>>::of(host())) == 0;
    }

    /// Fails the step: `what` it was about, and errno. Always false, to be returned.
    [[gnu::cold, gnu::visibility("hidden")]] auto fail(const char* what, int code) const -> bool {
        failure.describe(what, code < 0 ? -code : code);
        return false;
    }
    [[gnu::cold, gnu::visibility("hidden")]] auto fail(const char* what, const char* why,
                                                       int code = 0) const -> bool {
        failure.describe(what, why, code);
        return false;
    }
    /// Fails the start for what belongs to no step.
    [[gnu::visibility("hidden")]] auto fail_step(const char* name, const char* what, int code) const
        -> bool {
        failure.name_step(name);
        return fail(what, code);
    }
    /// Prints on stderr what the start goes on without.
    [[gnu::cold]] void warn(const char* name, const char* what, int code) const {
        Failure why;
        why.name_step(name);
        why.describe(what, code < 0 ? -code : code);
        detail::print_failure(host(), 2, why);
    }
    /// True for an answer of the host that is no error.
    auto check(long answer, const char* what) const -> bool {
        return answer >= 0 || fail(what, static_cast<int>(answer));
    }
};

} // namespace daemonizer::detail

#endif
