// SPDX-License-Identifier: BSL-1.0
// SignalFd: signals collected in a descriptor.
#ifndef DAEMONIZER_SIGNALS_SIGNAL_FD_HPP
#define DAEMONIZER_SIGNALS_SIGNAL_FD_HPP

#include <daemonizer/signals/detail/interrupt_as_term.hpp>
#include <daemonizer/signals/detail/signal_members.hpp>
#include <daemonizer/signals/reset_signals.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cerrno>
#include <poll.h>
#include <sys/signalfd.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Collects the named signals in a pollable descriptor (signalfd(2)); all others get their default
/// disposition. `daemon.wait()`, `wait_for()` and `descriptor()` come with it. The signals stay
/// blocked, also in what the daemon forks and execs, and in its threads: a thread inherits the mask
/// of its creator. A thread that was there before a start without a fork blocks each when it first
/// gets it, and the signal is collected even so.
/// Fails with the errno of signalfd(2), sigaction(2), sigprocmask(2).
template <int... Signals>
struct SignalFd {
    constexpr SignalFd() = default;
    constexpr explicit SignalFd(int, auto...) {
        static_assert(
            given_as_value<SignalFd>,
            "daemonizer: SignalFd takes its signals as template arguments: SignalFd<SIGTERM>");
    }

    template <class>
    static constexpr void check() {
        static_assert(detail::are_signals<Signals...>,
                      "daemonizer: SignalFd names the signals that it collects, such as SIGTERM");
        static_assert(detail::can_be_collected<Signals...>,
                      "daemonizer: SignalFd takes signals that can be collected, not KILL or STOP");
        static_assert(detail::are_different<Signals...>(), "daemonizer: a signal is named twice");
        static_assert(detail::are_the_programs<Signals...>,
                      "daemonizer: libc keeps this signal for itself (32 and 33; 34 with musl)");
    }

    struct state {
        int fd = -1;
        void each_descriptor(auto keep) const { keep(fd); }
    };

    struct Open : undoable_step<phase::signals> {
        static constexpr const char* name = "signals";

        static auto run(const auto& start, const auto& policy) -> bool {
            if (!detail::numbers_are_free<Signals...>(start))
                return false;
            const auto set = detail::signal_set<Signals...>();
            const int fd = detail::above_stdio(start.host(), start.host().signal_descriptor(set));
            start.state(policy).fd = fd;
            return start.check(fd, "signalfd");
        }
        static void undo(auto host, const auto&, auto& state) {
            if (state.fd >= 0)
                host.close(state.fd);
            state.fd = -1;
        }
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
    };

    /// Returns the next signal, or 0 when `limit` ns have passed first; a negative limit is none.
    /// It never returns an error: a body that waits in a loop would spin.
    template <class Host>
    static auto wait(Host host, state& state, long long limit) -> int {
        if (limit >= 0)
            return wait_until(host, state, limit == 0 ? 0 : host.now() + limit);
        signalfd_siginfo info{};
        return host.read(state.fd, &info, sizeof info) == sizeof info
                   ? static_cast<int>(info.ssi_signo)
                   : wait_without_descriptor(host, limit);
    }

    using slot = slots::signals;
    using steps = step_list<detail::ResetSignals<Signals...>, Open>;
    static constexpr bool keeps = false;
    static constexpr auto collects(int signal) -> bool { return ((signal == Signals) || ...); }
    /// In the foreground SIGINT is collected, too, and counts as SIGTERM.
    static constexpr auto in_foreground() {
        return detail::collecting_in_foreground<SignalFd, Signals...>();
    }
    template <class Base>
    using members = detail::descriptor_members<Base>;

private:
    /// Takes the signal from the kernel and not from the descriptor: a read would wait without a
    /// limit where another thread has been quicker. `deadline` 0 does not wait.
    template <class Host>
    static auto wait_until(const Host& host, const state& state, long long deadline) -> int {
        long long left;
        int ready;
        do { // again when a handler of the program's ran
            left = deadline == 0 ? 0 : deadline - host.now();
            const timespec time = detail::timespec_of(left);
            pollfd entry{state.fd, POLLIN, 0};
            ready = host.poll(&entry, 1, &time, nullptr);
        } while (ready == -EINTR);
        if (ready == 0)
            return 0;
        const int signal = wait_without_descriptor(host, 0);
        if (signal != 0 || deadline == 0)
            return signal;
        left = deadline - host.now();
        return wait_without_descriptor(host, left > 0 ? left : 0);
    }

    /// Takes the next signal without the descriptor, which the body may have closed, or replaced by
    /// another file: the signals are blocked, so the kernel yields them.
    template <class Host>
    static auto wait_without_descriptor(const Host& host, long long limit) -> int {
        const timespec time = detail::timespec_of(limit);
        const int signal =
            host.wait_for_signal(detail::signal_set<Signals...>(), limit < 0 ? nullptr : &time);
        return signal < 0 ? 0 : signal;
    }
};
template <class... Rest>
SignalFd(int, Rest...) -> SignalFd<SIGTERM>;
static_assert(SignalPolicy<SignalFd<SIGTERM>>);

} // namespace daemonizer

#endif
