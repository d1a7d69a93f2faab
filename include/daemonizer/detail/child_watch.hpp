// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_CHILD_WATCH_HPP
#define DAEMONIZER_DETAIL_CHILD_WATCH_HPP

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
    /// Returns 0 or a negative errno, and then nothing is changed.
    template <class Host>
    auto begin(const Host& host, bool adopt) -> int {
        sigset_t all;
        sigfillset(&all);
        if (const int error = host.set_mask(SIG_SETMASK, all, &mask_before_); error < 0)
            return error;
        struct sigaction waking {};
        waking.sa_handler = wake;
        waking.sa_flags = SA_NOCLDSTOP;
        if (const int error = host.set_disposition(SIGCHLD, waking, action_before_); error < 0) {
            host.set_mask(SIG_SETMASK, mask_before_);
            return error;
        }
        if (adopt && host.is_subreaper(was_subreaper_) >= 0)
            adopts_ = was_subreaper_ == 0 && host.set_subreaper(true) >= 0;
        while_polling_ = mask_before_;
        sigdelset(&while_polling_, SIGCHLD);
        return 0;
    }

    /// Back to how the program had it; in the launcher that returns, and in a daemon that keeps its
    /// signals (which is no subreaper: a child does not inherit that).
    template <class Host>
    void end(const Host& host, bool in_launcher) const {
        if (in_launcher && adopts_)
            host.set_subreaper(false);
        host.set_disposition(SIGCHLD, action_before_);
        host.set_mask(SIG_SETMASK, mask_before_);
    }

    auto while_polling() const -> const sigset_t* { return &while_polling_; }

private:
    sigset_t mask_before_;
    sigset_t while_polling_;
    struct sigaction action_before_;
    int was_subreaper_ = 0;
    bool adopts_ = false;
};

} // namespace daemonizer::detail

#endif
