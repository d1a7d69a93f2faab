// SPDX-License-Identifier: BSL-1.0
// SignalFlag: signals collected by handlers.
#ifndef DAEMONIZER_SIGNALS_SIGNAL_FLAG_HPP
#define DAEMONIZER_SIGNALS_SIGNAL_FLAG_HPP

#include <daemonizer/signals/detail/interrupt_as_term.hpp>
#include <daemonizer/signals/detail/signal_members.hpp>
#include <daemonizer/signals/detail/wake_pipe.hpp>
#include <daemonizer/signals/reset_signals.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Collects the named signals by handlers that set a flag and wake `daemon.wait()`; all others get
/// their default disposition. Portable POSIX: no signalfd. A blocking call of the body ends with
/// EINTR when one arrives (no SA_RESTART) in the thread that the kernel has chosen for it;
/// `daemon.wait()` then says which.
///
/// The kernel may choose any thread, and `wait()` returns in whichever thread it was called,
/// because the handler writes into a pipe (two descriptors, close-on-exec, spared by
/// CloseDescriptors). A process that the daemon forks has flags of its own: it neither sees the
/// daemon's signals nor takes them. The handlers stay when the daemon has ended,
/// but not when its code is unloaded.
/// Fails with the errno of pipe(2), sigaction(2), sigprocmask(2).
/// Source: signal-safety(7), and signal(7) on the thread that is chosen.
template <int... Signals>
struct SignalFlag {
    constexpr SignalFlag() = default;
    constexpr explicit SignalFlag(int, auto...) {
        static_assert(
            given_as_value<SignalFlag>,
            "daemonizer: SignalFlag takes its signals as template arguments: SignalFlag<SIGTERM>");
    }

    template <class>
    static constexpr void check() {
        static_assert(detail::are_signals<Signals...>,
                      "daemonizer: SignalFlag names the signals that it collects, such as SIGTERM");
        static_assert(
            detail::can_be_collected<Signals...>,
            "daemonizer: SignalFlag takes signals that can be collected, not KILL or STOP");
        static_assert(detail::are_different<Signals...>(), "daemonizer: a signal is named twice");
        static_assert(detail::are_the_programs<Signals...>,
                      "daemonizer: libc keeps this signal for itself (32 and 33; 34 with musl)");
    }

    struct state {
        detail::WakePipe pipe;
        void each_descriptor(auto keep) const {
            keep(pipe.readable);
            keep(pipe.writable);
        }
    };

    /// The signals are blocked until their handlers stand: one that came earlier must not end the
    /// daemon.
    struct Install : undoable_step<phase::signals> {
        static constexpr const char* name = "signals";

        static auto run(const auto& start, const auto& policy) -> bool {
            const auto& host = start.host();
            auto& pipe = start.state(policy).pipe;
            if (!detail::numbers_are_free<Signals...>(start) ||
                !start.check(pipe.open(host), "pipe"))
                return false;
            for (pid_t& flag : flags) // an earlier start in this process may have left one
                put(flag, 0);
            collect_for(host, pipe);
            struct sigaction flagging {};
            flagging.sa_handler = raise_flag<std::remove_cvref_t<decltype(host)>>;
            if (detail::take_back_at_unload<raise_flag<std::remove_cvref_t<decltype(host)>>>(
                    start) &&
                (start.check(host.set_disposition(Signals, flagging), "sigaction") && ...) &&
                start.check(host.set_mask(SIG_SETMASK, detail::signal_set<>()), "sigprocmask"))
                return true;
            undo(host, policy, start.state(policy));
            return false;
        }
        /// The handlers stay: a signal that arrives during the end must not cut it short. A handler
        /// that still runs in another thread is waited for, or it would write into a number that
        /// is somebody else's by then.
        static void undo(const auto& host, const auto&, auto& state) {
            int ours = state.pipe.writable;
            __atomic_compare_exchange_n(&writable, &ours, -1, false, __ATOMIC_SEQ_CST,
                                        __ATOMIC_SEQ_CST);
            const timespec moment = detail::timespec_of(1'000'000);
            for (int i = 0; i != 20 && get(handlers) != 0; ++i)
                host.poll(nullptr, 0, &moment, nullptr);
            state.pipe.close(host);
        }
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
    };

    /// Returns the next signal, the first named first, or 0 when `limit` ns have passed; a negative
    /// limit is none. It never returns an error: a body that waits in a loop would spin. If the
    /// body has closed the pipe, the function looks at the flags ten times a second.
    template <class Host>
    static auto wait(const Host& host, auto& state, long long limit) -> int {
        auto& pipe = state.pipe;
        const pid_t self = host.pid();
        if (get(owner) != self)
            collect_in_worker(host, pipe);
        const long long deadline = limit < 0 ? 0 : host.now() + limit;
        for (long long left = limit;;) {
            const bool is_woken = pipe.drain(host) >= 0;
            if (const int signal = take_flag(self); signal != 0) {
                if (has_flag(self)) // for another thread that waits, which this one has outrun
                    detail::WakePipe::wake(host, pipe.writable);
                return signal;
            }
            if (left == 0)
                return 0;
            if (!is_woken || pipe.sleep(host, left) < 0)
                look_again_soon(host, left);
            if (limit >= 0)
                left = deadline - host.now() > 0 ? deadline - host.now() : 0;
        }
    }

    using slot = slots::signals;
    using steps = step_list<detail::ResetSignals<Signals...>, Install>;
    static constexpr bool keeps = false;
    static constexpr auto collects(int signal) -> bool { return ((signal == Signals) || ...); }
    /// In the foreground SIGINT is collected, too, and counts as SIGTERM.
    static constexpr auto in_foreground() {
        return detail::collecting_in_foreground<SignalFlag, Signals...>();
    }
    template <class Base>
    using members = detail::without_descriptor<detail::collecting_members<Base>>;

private:
    static constexpr int count = sizeof...(Signals);
    static constexpr int numbers[] = {Signals..., 0};

    // Read and written by handlers in any thread.
    inline static pid_t flags[sizeof...(Signals) + 1]; ///< the process that a signal has reached
    inline static pid_t owner;                         ///< whom the pipe wakes
    inline static int writable = -1;
    inline static int handlers; ///< that run now

    template <class T>
    static auto get(const T& value) -> T {
        return __atomic_load_n(&value, __ATOMIC_SEQ_CST);
    }
    template <class T>
    static void put(T& place, T value) {
        __atomic_store_n(&place, value, __ATOMIC_SEQ_CST);
    }

    /// The host of the handlers, which have no argument for it. PosixHost is empty and takes no
    /// room.
    template <class Host>
    inline static Host host_of_handlers{};

    template <class Host>
    static void collect_for(const Host& host, const detail::WakePipe& pipe) {
        if constexpr (!std::is_empty_v<Host>)
            host_of_handlers<Host> = host;
        put(owner, host.pid());
        put(writable, pipe.writable);
    }

    /// Is called in a process that the daemon has forked: the pipe that it inherited wakes the
    /// daemon.
    template <class Host>
    static void collect_in_worker(const Host& host, detail::WakePipe& pipe) {
        put(writable, -1);
        pipe.close(host);
        if (pipe.open(host) >= 0)
            collect_for(host, pipe);
    }

    template <class Host>
    [[gnu::cold]] static void look_again_soon(const Host& host, long long left) {
        constexpr long long soon = 100'000'000;
        const timespec time = detail::timespec_of(left < 0 || left > soon ? soon : left);
        host.poll(nullptr, 0, &time, nullptr);
    }

    template <class Host>
    static void raise_flag(int arrived) {
        const int error = errno;
        __atomic_fetch_add(&handlers, 1, __ATOMIC_SEQ_CST);
        const Host host = host_of_handlers<Host>;
        const pid_t self = host.pid(), theirs = get(owner);
        int i = 0;
        while (i != count && numbers[i] != arrived)
            ++i;
        // A child of vfork shares this memory, and must not take away what is the daemon's.
        if (self == theirs || get(flags[i]) != theirs)
            put(flags[i], self);
        if (const int fd = get(writable); fd >= 0 && self == theirs)
            detail::WakePipe::wake(host, fd);
        __atomic_fetch_sub(&handlers, 1, __ATOMIC_SEQ_CST);
        errno = error;
    }

    static auto take_flag(pid_t self) -> int {
        for (int i = 0; i != count; ++i) {
            pid_t reached = self;
            if (__atomic_compare_exchange_n(&flags[i], &reached, 0, false, __ATOMIC_SEQ_CST,
                                            __ATOMIC_SEQ_CST))
                return numbers[i];
        }
        return 0;
    }
    static auto has_flag(pid_t self) -> bool {
        for (int i = 0; i != count; ++i)
            if (get(flags[i]) == self)
                return true;
        return false;
    }
};
template <class... Rest>
SignalFlag(int, Rest...) -> SignalFlag<SIGTERM>;
static_assert(SignalPolicy<SignalFlag<SIGTERM>>);

} // namespace daemonizer

#endif
