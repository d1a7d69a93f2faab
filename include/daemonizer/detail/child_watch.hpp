// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_CHILD_WATCH_HPP
#define DAEMONIZER_DETAIL_CHILD_WATCH_HPP

#include <signal.h>

namespace daemonizer::detail {

inline void wake(int) {} // its only effect is that poll ends with EINTR

class [[gnu::visibility("hidden")]] ChildWatch;

/// Makes the death of a child end a poll: every signal is blocked outside of it, and SIGCHLD has a
/// handler. Begun before the fork, so that no handler of the program's runs in a child that shares
/// its memory, and nothing comes between the launcher's last word and its status. A starter that
/// ignores SIGCHLD would make the kernel throw away how the daemon ended; a handler of the
/// program's own would take it from us.
class ChildWatch {
public:
    /// `Adopts`: orphans become our children. Not every kernel interface has that (qemu-user); then
    /// a death is known by the closed report alone, without its code.
    /// `Leaves`: the launcher never goes back to the program, and obey() is called after the fork.
    /// Returns 0 or a negative errno, and then nothing is changed.
    template <bool Adopts, bool Leaves, class Host>
    auto begin(const Host& host) -> int {
        sigset_t all;
        sigfillset(&all);
        if (const int error = host.set_mask(SIG_SETMASK, all, &mask_before_); error < 0)
            return error;
        struct sigaction action {};
        action.sa_handler = wake;
        action.sa_flags = SA_NOCLDSTOP;
        if (const int error = host.set_disposition(SIGCHLD, action, child_before_); error < 0) {
            host.set_mask(SIG_SETMASK, mask_before_);
            return error;
        }
        while_polling_ = Leaves ? all : mask_before_;
        sigdelset(&while_polling_, SIGCHLD);
        if constexpr (Leaves)
            each_obeyed([&](int signal) {
                if (sigismember(&mask_before_, signal) == 0)
                    sigdelset(&while_polling_, signal);
            });
        if constexpr (Adopts)
            if (host.is_subreaper(was_subreaper_) >= 0 && was_subreaper_ == 0)
                adopts_ = host.set_subreaper(true) >= 0;
        return 0;
    }

    /// In a launcher that leaves, where none of the program's handlers may run any more: what ends
    /// or stops a command does so, unless it is ignored; all else stays blocked.
    template <class Host>
    static void obey(const Host& host) {
        each_obeyed([&](int signal) {
            struct sigaction action {
            }, before;
            action.sa_handler = SIG_DFL;
            if (host.set_disposition(signal, action, before) >= 0 && before.sa_handler == SIG_IGN)
                host.set_disposition(signal, before);
        });
    }

    /// Back to how the program had it; in the launcher that returns, and in a daemon that keeps its
    /// signals (which is no subreaper: a child does not inherit that).
    template <class Host>
    void end(const Host& host, bool in_launcher) const {
        if (in_launcher && adopts_)
            host.set_subreaper(false);
        host.set_disposition(SIGCHLD, child_before_);
        host.set_mask(SIG_SETMASK, mask_before_);
    }

    auto while_polling() const -> const sigset_t* { return &while_polling_; }

private:
    static void each_obeyed(auto act) {
        constexpr unsigned obeyed = 1U << SIGHUP | 1U << SIGALRM | 1U << SIGINT | 1U << SIGTERM |
                                    1U << SIGQUIT | 1U << SIGTSTP;
        for (int signal = 1; signal != 32; ++signal)
            if ((obeyed >> signal & 1U) != 0)
                act(signal);
    }

    sigset_t mask_before_;
    sigset_t while_polling_;
    struct sigaction child_before_;
    int was_subreaper_ = 0;
    bool adopts_ = false;
};

} // namespace daemonizer::detail

#endif
