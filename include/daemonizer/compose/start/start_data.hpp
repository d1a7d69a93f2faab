// SPDX-License-Identifier: BSL-1.0
// All that a start has at run time.
#ifndef DAEMONIZER_COMPOSE_START_START_DATA_HPP
#define DAEMONIZER_COMPOSE_START_START_DATA_HPP

#include <daemonizer/compose/start/options.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct no_host {}; ///< stands for a host where a function takes any

/// Whether `Policy::on` takes this event.
template <class Policy, class Event>
constexpr bool is_told = requires(const Event& event, const Policy& policy,
                                  typename state_type<Policy>::type& state) {
    Policy::on(event, no_host{}, policy, state);
};

/// Whether a process that a signal ends before the fork would leave behind what a step has made.
template <class... Steps>
constexpr auto leaves_traces(step_list<Steps...>) -> bool {
    return ((Steps::at < phase::detach && Steps::undoes && !Steps::ends_with_process) || ...);
}

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

    /// Whether the start holds signals back: one that ended the process would leave behind what a
    /// step before the fork has made, or a process.
    static constexpr bool holds_signals =
        in<slots::fork>::detaches || (detail::leaves_traces(typename Policies::steps{}) || ...);

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
        if constexpr (wants<Event>)
            (tell_one<Policies>(host, event), ...);
    }
    /// The same, the last policy first.
    template <class Host, class Event>
    void tell_in_reverse([[maybe_unused]] const Host& host, [[maybe_unused]] const Event& event) {
        if constexpr (wants<Event>)
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

} // namespace daemonizer::detail

#endif
