// SPDX-License-Identifier: BSL-1.0
// The signals of a start: which of them cancel it, and when they act.
#ifndef DAEMONIZER_DETAIL_START_SIGNALS_HPP
#define DAEMONIZER_DETAIL_START_SIGNALS_HPP

#include <daemonizer/detail/signal_bits.hpp>

#include <signal.h>

namespace daemonizer::detail {

/// Holds back every signal in the launcher from its first step to its last, so that none acts
/// between the pid file's creation and its removal, or between the fork and the end of what was
/// forked. A signal that cancels the start is seen, stays pending, and acts once all is undone.
///
/// HUP, INT, QUIT and TERM cancel, unless they are ignored (nohup) or the starter had blocked them.
/// In the launcher of run(), where no handler of the program's runs any more, ALRM does, too. In
/// that of start() so does whatever would end the program as soon as its mask is restored.
class StartSignals {
public:
    /// `leaves`: the launcher never goes back to the program. Returns 0 or a negative errno.
    template <class Host>
    [[gnu::visibility("hidden")]] auto begin(const Host& host, bool leaves) -> int {
        leaves_ = leaves;
        sigset_t all;
        sigfillset(&all);
        return host.set_mask(SIG_SETMASK, all, &before_);
    }

    /// What begin() was told has turned out to be otherwise.
    [[gnu::visibility("hidden")]] void launcher_leaves() { leaves_ = true; }

    /// Back to how the program had it. What is pending acts now.
    template <class Host>
    [[gnu::visibility("hidden")]] void end(const Host& host) const {
        host.set_mask(SIG_SETMASK, before_);
    }

    /// As end(), after a success that the daemon knows of: a signal that came too late to cancel
    /// must not end the launcher as if it had. A handler of the program's still runs.
    template <class Host>
    [[gnu::visibility("hidden")]] void end_started(const Host& host) {
        sigset_t pending{};
        host.pending_signals(pending);
        for (int signal = 1; signal <= last_signal; ++signal)
            if (comes_through(pending, signal) && ends_by_default(signal) &&
                disposition(host, signal) == SIG_DFL)
                host.take_signal(only_signal(signal));
        end(host);
    }

    /// The signal that has cancelled the start, or 0.
    [[gnu::visibility("hidden")]] auto cancelled() const -> int { return cancelled_; }

    /// Asks the kernel for it. It stays pending.
    template <class Host>
    [[gnu::visibility("hidden")]] auto look(const Host& host) -> int {
        sigset_t pending{};
        if (cancelled_ == 0 && host.pending_signals(pending) >= 0)
            for (int signal = 1; signal <= last_signal; ++signal)
                if (comes_through(pending, signal) && cancels(host, signal))
                    return cancelled_ = signal;
        return cancelled_;
    }

    /// Those that wake a launcher that waits.
    [[gnu::visibility("hidden")]] auto watched() const -> sigset_t {
        sigset_t set = only_signal(SIGCHLD);
        for (int signal = 1; signal <= last_signal; ++signal)
            if (interrupts(signal) && !has_signal(before_, signal) &&
                !has_signal(disregarded_, signal))
                add_signal(set, signal);
        return set;
    }
    /// Whether that set has shrunk since this was asked last: one of them turned out to be ignored.
    [[gnu::visibility("hidden")]] auto watches_less() -> bool {
        const bool news = news_;
        news_ = false;
        return news;
    }

    /// Ends the launcher by the signal that has cancelled the start, if one has.
    template <class Host>
    [[gnu::cold, gnu::visibility("hidden")]] void die(const Host& host) const {
        if (cancelled_ == 0)
            return;
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        host.set_disposition(cancelled_, standard);
        host.set_mask(SIG_UNBLOCK, only_signal(cancelled_)); // it is pending
        host.leave_at_once(128 + cancelled_);                // process 1 is spared
    }

private:
    [[gnu::visibility("hidden")]] static constexpr auto interrupts(int signal) -> bool {
        return signal == SIGHUP || signal == SIGINT || signal == SIGQUIT || signal == SIGTERM ||
               signal == SIGALRM;
    }
    [[gnu::visibility("hidden")]] static constexpr auto ends_by_default(int signal) -> bool {
        return signal != SIGCHLD && signal != SIGCONT && signal != SIGURG && signal != SIGWINCH &&
               signal != SIGTSTP && signal != SIGTTIN && signal != SIGTTOU;
    }

    template <class Host>
    [[gnu::cold, gnu::visibility("hidden")]] static auto disposition(const Host& host, int signal)
        -> void (*)(int) {
        struct sigaction now {};
        now.sa_handler = SIG_IGN;
        host.disposition(signal, now);
        return now.sa_handler;
    }

    template <class Host>
    [[gnu::cold, gnu::visibility("hidden")]] auto cancels(const Host& host, int signal) -> bool {
        if (leaves_ ? !interrupts(signal) : !ends_by_default(signal))
            return false;
        const auto handler = disposition(host, signal);
        // start() leaves an alarm to the program: it may be one of many.
        if (handler == SIG_DFL ||
            (handler != SIG_IGN && interrupts(signal) && (leaves_ || signal != SIGALRM)))
            return true;
        news_ = news_ || (interrupts(signal) && !has_signal(disregarded_, signal));
        add_signal(disregarded_, signal);
        return false;
    }

    /// Linux queues a blocked signal even when it is ignored.
    [[gnu::visibility("hidden")]] auto comes_through(const sigset_t& pending, int signal) const
        -> bool {
        return has_signal(pending, signal) && !has_signal(before_, signal);
    }

    sigset_t before_{};
    sigset_t disregarded_{};
    int cancelled_ = 0;
    bool leaves_ = false;
    bool news_ = false;
};

} // namespace daemonizer::detail

#endif
