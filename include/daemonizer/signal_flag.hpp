// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_SIGNAL_FLAG_HPP
#define DAEMONIZER_SIGNAL_FLAG_HPP

#include <daemonizer/detail/dispositions.hpp>
#include <daemonizer/detail/interrupt_as_term.hpp>
#include <daemonizer/detail/signal_members.hpp>
#include <daemonizer/detail/time_span.hpp>

#include <cerrno>
#include <poll.h>

namespace daemonizer {

/// Collects the named signals by handlers that set a flag and do nothing else; all others get their
/// default disposition. Portable POSIX: no signalfd. A blocking call of the body ends with EINTR
/// when one arrives (no SA_RESTART); `daemon.wait()` then says which.
template <int... Signals>
struct SignalFlag {
    template <class>
    static constexpr void check() {
        static_assert(
            sizeof...(Signals) != 0 && detail::can_be_collected<Signals...>,
            "daemonizer: SignalFlag takes signals that can be collected, not KILL or STOP");
    }

    /// Blocked until their handlers stand: one that came earlier must not end the daemon.
    struct Install : step<phase::signals> {
        static constexpr const char* name = "signals";

        static auto run(const auto& start, const auto&) -> bool {
            struct sigaction flagging {};
            flagging.sa_handler = raise_flag;
            return (start.check(start.host().set_disposition(Signals, flagging), "sigaction") &&
                    ...) &&
                   start.check(start.host().set_mask(SIG_SETMASK, detail::signal_set<>()),
                               "sigprocmask");
        }
    };

    /// The next signal, the first named first; 0 when `limit` ns (negative: none) have passed.
    template <class Host>
    static auto wait(Host host, auto&, long long limit) -> int {
        // Blocked while the flags are looked at, and unblocked by the very call that sleeps: a
        // signal in between is not slept over.
        const auto set = detail::signal_set<Signals...>();
        sigset_t before;
        host.set_mask(SIG_BLOCK, set, &before);
        const long long deadline = limit < 0 ? 0 : host.now() + limit;
        int signal = 0;
        for (bool over = false; (signal = take_flag()) == 0 && !over;)
            over = !sleep(host, before, limit, deadline);
        host.set_mask(SIG_SETMASK, before);
        return signal;
    }

    using slot = slots::signals;
    using steps = step_list<detail::ResetSignals<Signals...>, Install>;
    static constexpr bool keeps = false;
    static constexpr auto collects(int signal) -> bool { return ((signal == Signals) || ...); }
    /// There SIGINT is collected too, and counts as SIGTERM.
    static constexpr auto in_foreground() {
        return detail::collecting_in_foreground<SignalFlag, Signals...>();
    }
    template <class Base>
    using members = detail::without_descriptor<detail::collecting_members<Base>>;

private:
    inline static volatile sig_atomic_t flags[sizeof...(Signals)] = {};

    static void raise_flag(int arrived) {
        int i = 0;
        const auto raise = [&](int signal) {
            if (arrived == signal)
                flags[i] = 1;
            ++i;
        };
        (raise(Signals), ...);
    }

    static auto take_flag() -> int {
        int i = 0, taken = 0;
        const auto take = [&](int signal) {
            if (taken == 0 && flags[i] != 0) {
                flags[i] = 0;
                taken = signal;
            }
            ++i;
        };
        (take(Signals), ...);
        return taken;
    }

    /// False when the time is over.
    static auto sleep(auto host, const sigset_t& mask, long long limit, long long deadline)
        -> bool {
        if (limit < 0)
            return host.poll(nullptr, 0, nullptr, &mask) == -EINTR;
        const long long left = deadline - host.now();
        if (left <= 0)
            return false;
        const timespec time = detail::timespec_of(left);
        return host.poll(nullptr, 0, &time, &mask) == -EINTR;
    }
};
static_assert(SignalPolicy<SignalFlag<SIGTERM>>);

} // namespace daemonizer

#endif
