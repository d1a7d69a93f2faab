// SPDX-License-Identifier: BSL-1.0
// Signal dispositions: reset at the start, and the three that end a process even as PID 1.
#ifndef DAEMONIZER_SIGNALS_RESET_SIGNALS_HPP
#define DAEMONIZER_SIGNALS_RESET_SIGNALS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/signals/detail/other_threads.hpp>
#include <daemonizer/signals/detail/unloading.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <initializer_list>
#include <signal.h>
#include <type_traits>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether these are signals, and at least one.
template <int... Signals>
constexpr bool are_signals = sizeof...(Signals) != 0 && ((Signals > 0 && Signals < NSIG) && ...);

template <int... Signals>
constexpr bool can_be_collected = ((Signals != SIGKILL && Signals != SIGSTOP) && ...);

/// Whether each signal is named once. A number that has two names, such as SIGIO and SIGPOLL, may
/// be there under both.
template <int... Signals>
constexpr auto are_different() -> bool {
    const int numbers[] = {Signals..., 0};
    for (unsigned i = 0; i != sizeof...(Signals); ++i)
        for (unsigned j = 0; j != i; ++j)
            if (numbers[i] == numbers[j] && numbers[i] != SIGIO && numbers[i] != SIGCHLD &&
                numbers[i] != SIGABRT)
                return false;
    return true;
}

/// The real-time signals that libc keeps for its threads. sigaction(2) refuses them, and
/// sigaddset(3) passes them over without a word.
inline constexpr int first_of_libc = 32;
#if defined(__GLIBC__)
inline constexpr int last_of_libc = 33;
#else
inline constexpr int last_of_libc = 34; // musl
#endif
template <int... Signals>
constexpr bool are_the_programs = ((Signals<first_of_libc || Signals> last_of_libc) && ...);

template <int... Signals>
auto signal_set() -> sigset_t {
    sigset_t set;
    sigemptyset(&set);
    (sigaddset(&set, Signals), ...);
    return set;
}

/// Fails the step where SIGRTMIN is above one of these: libc may keep more than is known when the
/// program is compiled (signal(7), "Real-time signals").
template <int... Signals, class Start>
auto numbers_are_free([[maybe_unused]] const Start& start) -> bool {
    if constexpr (((Signals >= first_of_libc) || ...)) {
        static constexpr int signals[] = {Signals...};
        for (const int signal : signals)
            if (signal >= first_of_libc && signal < SIGRTMIN) {
                start.failure.describe("signal number", "kept by libc: ", EINVAL).number(signal);
                return false;
            }
    }
    return true;
}

/// Does what the default action of `signal` would do. The kernel discards that action in the first
/// process of a PID namespace, so PID 1 leaves by itself. For a handler with SA_RESETHAND: the
/// default action follows once it has returned. Async-signal-safe.
inline void die_of(int signal) {
    if (::getpid() == 1)
        ::_exit(128 + signal);
    ::raise(signal);
}

/// Returns the disposition that ends the process: by die_of, or by the handler of the pid policy,
/// which takes its record away first. Nothing interrupts the
/// handler: while it runs every signal is blocked in its thread.
template <class Pid>
auto dying() -> struct sigaction {
    struct sigaction action {};
    if constexpr (requires { Pid::on_ending_signal; })
        action.sa_handler = Pid::on_ending_signal;
    else
        action.sa_handler = die_of;
    action.sa_flags = static_cast<int>(SA_RESETHAND);
    sigfillset(&action.sa_mask);
    return action;
}

/// Returns whether a terminal, a supervisor or a container's runtime asks for the end by this
/// signal.
constexpr auto
asks_for_the_end(int signal) -> bool {
    return signal == SIGTERM || signal == SIGINT || signal == SIGHUP;
}

/// Returns whether the daemon is PID 1. A grandchild never is.
template <class Start>
auto is_first_process([[maybe_unused]] const Start& start) -> bool {
    using Fork = typename Start::template in<slots::fork>;
    if constexpr (requires { requires Fork::forks_twice; })
        return false;
    else if constexpr (requires { start.core.template state<Fork>().daemon; })
        return start.core.template state<Fork>().daemon == 1;
    else
        return start.host().pid() == 1;
}

/// Returns whether the signals that ask for the end need a handler. They do if the pid policy has a
/// record to take away, and in PID 1, for which the kernel discards their default action.
template <class Start>
auto end_needs_handler(const Start& start) -> bool {
    if constexpr (requires { Start::template in<slots::pid>::on_ending_signal; })
        return true;
    else
        return detail::is_first_process(start);
}

/// Marks a step that sets these handlers.
struct sets_ending_handlers {};
template <class Steps>
inline constexpr bool set_ending_handlers = false;
template <class... Steps>
inline constexpr bool set_ending_handlers<step_list<Steps...>> =
    (std::is_base_of_v<sets_ending_handlers, Steps> || ...);

/// Sets a disposition where the default stands. What is ignored, or has a handler of the
/// program's, stays; where the signal policy keeps what it finds, it stays without a gap.
template <class Start>
auto replace_default(const Start& start, int signal, const struct sigaction& action) -> bool {
    const auto& host = start.host();
    struct sigaction before;
    if constexpr (Start::template in<slots::signals>::keeps) {
        if (!start.check(host.disposition(signal, before), "sigaction"))
            return false;
        return before.sa_handler != SIG_DFL ||
               start.check(host.set_disposition(signal, action), "sigaction");
    } else {
        if (!start.check(host.set_disposition(signal, action, before), "sigaction"))
            return false;
        if (before.sa_handler != SIG_DFL)
            host.set_disposition(signal, before);
        return true;
    }
}

/// Sets every disposition to its default, then the mask to exactly `Blocked...`. In this order: a
/// signal that was blocked with a handler of the program's must not run it on the way. The signals
/// that ask for the end, and those that are collected, get their handler here and not in a later
/// step: one that arrives while the default stands would leave the pid file, and in PID 1 the
/// kernel would discard it.
template <int... Blocked>
struct ResetSignals : step<phase::signals>, sets_ending_handlers {
    static constexpr const char* name = "signals";
    using gives = capabilities<capability::dispositions>;

    static auto run(const auto& start, const auto&) -> bool {
        using Start = std::remove_cvref_t<decltype(start)>;
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        const struct sigaction ending = detail::dying<typename Start::template in<slots::pid>>();
        constexpr bool has_others = sizeof...(Blocked) != 0 && may_find_threads<Start>;
        [[maybe_unused]] const struct sigaction elsewhere = detail::in_other_threads<has_others>();
        if (!detail::take_back_at_unload<die_of, block_and_send_again>(start))
            return false;
        const bool handled = detail::end_needs_handler(start);
        const int last = SIGRTMAX, first_of_real_time = SIGRTMIN;
        for (int signal = 1; signal <= last; ++signal) {
            if (signal == SIGKILL || signal == SIGSTOP ||
                (signal >= first_of_libc && signal < first_of_real_time))
                continue;
            const bool collected = ((signal == Blocked) || ...);
            const bool ends = handled && !collected && detail::asks_for_the_end(signal);
            const struct sigaction& action = ends                      ? ending
                                             : collected && has_others ? elsewhere
                                                                       : standard;
            if (!start.check(start.host().set_disposition(signal, action), "sigaction"))
                return false;
        }
        return start.check(start.host().set_mask(SIG_SETMASK, detail::signal_set<Blocked...>()),
                           "sigprocmask");
    }
};

} // namespace daemonizer::detail

#endif
