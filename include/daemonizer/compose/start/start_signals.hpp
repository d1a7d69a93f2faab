// SPDX-License-Identifier: BSL-1.0
// The signals of a start: which of them cancel it, and when they act.
#ifndef DAEMONIZER_COMPOSE_START_START_SIGNALS_HPP
#define DAEMONIZER_COMPOSE_START_START_SIGNALS_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/signal_bits.hpp>

#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

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

    /// Corrects what begin() was told: the launcher never goes back to the program.
    [[gnu::visibility("hidden")]] void launcher_leaves() { leaves_ = true; }

    /// Restores the program's mask. A pending signal acts now.
    template <class Host>
    [[gnu::visibility("hidden")]] void end(const Host& host) const {
        host.set_mask(SIG_SETMASK, before_);
    }

    /// Does what end() does, after the daemon knows of its success. A signal that came too late to
    /// cancel the start does not end the launcher. A handler of the program's still runs.
    template <class Host>
    [[gnu::visibility("hidden")]] void end_started(const Host& host) {
        each(coming(host) & ~harmless, [&](int signal) {
            if (disposition(host, signal) == SIG_DFL)
                host.take_signal(detail::only_signal(signal));
        });
        end(host);
    }

    /// The signal that has cancelled the start, or 0.
    [[gnu::visibility("hidden")]] auto cancelled() const -> int { return cancelled_; }

    /// Asks the kernel which signal has cancelled the start. The signal stays pending.
    template <class Host>
    [[gnu::visibility("hidden")]] auto look(const Host& host) -> int {
        if (cancelled_ == 0)
            each(coming(host) & (leaves_ ? interrupting : ~harmless), [&](int signal) {
                if (cancelled_ == 0 && cancels(host, signal))
                    cancelled_ = signal;
            });
        return cancelled_;
    }

    /// Returns the signals that wake a waiting launcher.
    [[gnu::visibility("hidden")]] auto watched() const -> sigset_t {
        return detail::set_of((interrupting & ~bits_of(before_) & ~disregarded_) |
                              detail::signal_bits(SIGCHLD));
    }
    /// Returns whether that set has shrunk since the last call: a signal turned out to be ignored.
    [[gnu::visibility("hidden")]] auto watches_less() -> bool {
        const bool news = news_;
        news_ = false;
        return news;
    }

    /// Calls `act`, which may wait for others as long as they like. A signal that cancels the start
    /// ends the process meanwhile, by its default action, and nothing is undone: this is for steps
    /// before which nothing outside of the process was changed. Where the program goes on after the
    /// start, a signal that it handles is held back even so.
    template <class Host, class Act>
    [[gnu::visibility("hidden")]] auto interruptibly(const Host& host, Act act) const {
        SignalBits ending = 0, changed = 0;
        struct sigaction standard {
        }, before[number_of_interrupting];
        standard.sa_handler = SIG_DFL;
        unsigned count = 0;
        each(interrupting & ~bits_of(before_), [&](int signal) {
            const auto handler = disposition(host, signal);
            if (handler == SIG_IGN || (handler != SIG_DFL && !leaves_))
                return;
            ending |= detail::signal_bits(signal);
            if (handler == SIG_DFL || host.set_disposition(signal, standard, before[count]) < 0)
                return;
            changed |= detail::signal_bits(signal);
            ++count;
        });
        host.set_mask(SIG_UNBLOCK, detail::set_of(ending));
        const auto result = act();
        host.set_mask(SIG_BLOCK, detail::set_of(ending));
        count = 0;
        each(changed, [&](int signal) { host.set_disposition(signal, before[count++]); });
        return result;
    }

    /// Ends the launcher by the signal that has cancelled the start, if one has.
    template <class Host>
    [[gnu::cold, gnu::visibility("hidden")]] void die(const Host& host) const {
        if (cancelled_ == 0)
            return;
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        host.set_disposition(cancelled_, standard);
        host.set_mask(SIG_UNBLOCK, detail::only_signal(cancelled_)); // it is pending
        host.leave_at_once(128 + cancelled_);                        // process 1 is spared
    }

private:
    static constexpr SignalBits interrupting =
        detail::signal_bits(SIGHUP, SIGINT, SIGQUIT, SIGALRM, SIGTERM);
    static constexpr unsigned number_of_interrupting = 5;
    /// By default these do not end a process.
    static constexpr SignalBits harmless =
        detail::signal_bits(SIGCHLD, SIGCONT, SIGURG, SIGWINCH, SIGTSTP, SIGTTIN, SIGTTOU);

    template <class Act>
    [[gnu::visibility("hidden")]] static void each(SignalBits signals, Act act) {
        for (; signals != 0; signals &= signals - 1)
            act(__builtin_ctzll(signals) + 1);
    }

    /// Returns the pending signals that the starter had not blocked. Linux queues a blocked signal
    /// even when it is ignored.
    template <class Host>
    [[gnu::visibility("hidden")]] auto coming(const Host& host) const -> SignalBits {
        sigset_t pending{};
        return host.pending_signals(pending) < 0 ? 0 : detail::bits_of(pending) & ~bits_of(before_);
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
        const SignalBits bit = detail::signal_bits(signal);
        // start() leaves an alarm to the program's handler: it may be one of many.
        const bool always = (bit & interrupting) != 0 && (leaves_ || signal != SIGALRM);
        const auto handler = disposition(host, signal);
        if (handler == SIG_DFL || (handler != SIG_IGN && always))
            return true;
        news_ = news_ || (bit & interrupting & ~disregarded_) != 0;
        disregarded_ |= bit;
        return false;
    }

    // The large one last: code that reaches the others is shorter.
    SignalBits disregarded_ = 0;
    int cancelled_ = 0;
    bool leaves_ = false;
    bool news_ = false;
    sigset_t before_{};
};

} // namespace daemonizer::detail

#endif
