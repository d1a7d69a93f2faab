// SPDX-License-Identifier: BSL-1.0
// What a step of a start is handed.
#ifndef DAEMONIZER_COMPOSE_START_START_CONTEXT_HPP
#define DAEMONIZER_COMPOSE_START_START_CONTEXT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/start/exiting_host.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/compose/start/start_data.hpp>
#include <daemonizer/compose/start/start_signals.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/clock.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether `start.fail` takes these, and `start.check`.
template <class... Given>
constexpr bool says_why = requires(const Given&... given, void (*fail)(const char*, int)) {
    fail(given...);
}
|| requires(const Given&... given, void (*fail_for)(const char*, const char*)) {
    fail_for(given...);
}
|| requires(const Given&... given, void (*fail_for)(const char*, const char*, int)) {
    fail_for(given...);
};
template <class... Given>
constexpr bool is_answer = requires(const Given&... given, void (*check)(long, const char*)) {
    check(given...);
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
    /// The signals that this process holds back, or null.
    auto held_signals() const -> StartSignals* {
        if constexpr (Core::holds_signals)
            return signals;
        else
            return nullptr;
    }
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
    template <class... Wrong>
        requires(!says_why<Wrong...>)
    auto fail(const Wrong&...) const -> bool {
        static_assert(given_as_value<Wrong...>,
                      "daemonizer: start.fail() takes what failed, and errno or the reason, as "
                      "const char*: start.fail(\"open\", errno)");
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
    template <class... Wrong>
        requires(!is_answer<Wrong...>)
    auto check(const Wrong&...) const -> bool {
        static_assert(
            given_as_value<Wrong...>,
            "daemonizer: start.check() takes an answer of the host and what it was about: "
            "start.check(fd, \"open\")");
        return false;
    }
};

} // namespace daemonizer::detail

#endif
