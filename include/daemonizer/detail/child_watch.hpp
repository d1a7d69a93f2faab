// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_CHILD_WATCH_HPP
#define DAEMONIZER_DETAIL_CHILD_WATCH_HPP

#include <initializer_list>
#include <signal.h>

namespace daemonizer::detail {

inline void wake(int) {} // its only effect is that poll ends with EINTR

/// Makes the death of a child end a poll: every signal is blocked outside of it, and SIGCHLD has a
/// handler. Begun before the fork, so that no handler of the program's runs in a child that shares
/// its memory, and nothing comes between the launcher's last word and its status. A starter that
/// ignores SIGCHLD would make the kernel throw away how the daemon ended; a handler of the
/// program's own would take it from us.
class ChildWatch {
public:
    /// `adopt`: orphans become our children. Not every kernel interface has that (qemu-user); then
    /// a death is known by the closed report alone, without its code.
    /// `leaves`: the launcher never goes back to the program, so none of the program's handlers
    /// will run in it: what ends or stops a command does so, and all else stays blocked.
    /// Returns 0 or a negative errno, and then nothing is changed.
    template <class Host>
    auto begin(const Host& host, bool adopt, bool leaves) -> int {
        sigset_t all;
        sigfillset(&all);
        if (const int error = host.set_mask(SIG_SETMASK, all, &mask_before_); error < 0)
            return error;
        while_polling_ = leaves ? all : mask_before_;
        int error = 0;
        for (const int signal : {SIGCHLD, SIGHUP, SIGALRM, SIGINT, SIGTERM, SIGQUIT, SIGTSTP}) {
            error = set_aside(host, signal);
            if (error < 0 || !leaves)
                break;
        }
        if (error < 0) {
            end(host, false);
            return error;
        }
        if (adopt && host.is_subreaper(was_subreaper_) >= 0)
            adopts_ = was_subreaper_ == 0 && host.set_subreaper(true) >= 0;
        return 0;
    }

    /// Back to how the program had it; in the launcher that returns, and in a daemon that keeps its
    /// signals (which is no subreaper: a child does not inherit that).
    template <class Host>
    void end(const Host& host, bool in_launcher) const {
        if (in_launcher && adopts_)
            host.set_subreaper(false);
        for (int i = 0; i != size_; ++i)
            host.set_disposition(aside_[i].signal, aside_[i].action);
        host.set_mask(SIG_SETMASK, mask_before_);
    }

    auto while_polling() const -> const sigset_t* { return &while_polling_; }

private:
    /// SIGCHLD gets our handler, another the default, unless it is blocked or ignored.
    template <class Host>
    auto set_aside(const Host& host, int signal) -> int {
        const bool child = signal == SIGCHLD;
        if (!child && sigismember(&mask_before_, signal) != 0)
            return 0;
        auto& [number, before] = aside_[size_];
        number = signal;
        struct sigaction action {};
        action.sa_handler = child ? wake : SIG_DFL;
        action.sa_flags = SA_NOCLDSTOP;
        const int error = host.set_disposition(signal, action, before);
        if (error < 0)
            return error;
        sigdelset(&while_polling_, signal);
        if (child || (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN))
            ++size_;
        else if (before.sa_handler == SIG_IGN)
            return host.set_disposition(signal, before);
        return 0;
    }

    struct Aside {
        int signal;
        struct sigaction action;
    };
    sigset_t mask_before_;
    sigset_t while_polling_;
    Aside aside_[7];
    int size_ = 0;
    int was_subreaper_ = 0;
    bool adopts_ = false;
};

} // namespace daemonizer::detail

#endif
