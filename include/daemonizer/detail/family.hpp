// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_FAMILY_HPP
#define DAEMONIZER_DETAIL_FAMILY_HPP

#include <daemonizer/detail/child_watch.hpp>
#include <daemonizer/detail/nap.hpp>

#include <cerrno>
#include <ctime>
#include <sys/wait.h>

namespace daemonizer::detail {

template <class Host>
class [[gnu::visibility("hidden")]] Family;

/// The processes of a start, as the launcher sees them: its first child, which leads the process
/// group that all the others are in, and the daemon, which is that child or was forked by it.
/// A process is signalled only while its number cannot have become a stranger's: as long as it, or
/// for a group some member, has not been waited for.
template <class Host>
class Family {
public:
    Family(Host host, const ChildWatch& watch, pid_t first, bool first_is_daemon)
        : host_{host}, watch_{watch}, first_{first}, daemon_{first_is_daemon ? first : 0} {
        end_.si_pid = 0;
    }

    void daemon_is(pid_t pid) { daemon_ = pid; }
    auto daemon() const -> pid_t { return daemon_; }
    /// How the daemon ended, or the intermediate that could not make one; si_pid is 0 where that is
    /// not known.
    auto end() const -> const siginfo_t& { return end_; }

    /// Looks, and leaves a zombie one: its number must stay its own.
    auto has_died() -> bool {
        if (daemon_ != 0)
            return has_ended(daemon_);
        return has_ended(first_) && !(end_.si_code == CLD_EXITED && end_.si_status == 0);
    }

    /// Waits for the daemon to leave by itself, at most `patience` ns.
    void let_leave(long long patience) { comes_true(condition::died, patience); }

    /// Ends whatever of them still lives: TERM to the group, then KILL.
    void end_all() {
        constexpr long long patience = 2'000'000'000;
        if (host_.signal(-first_, SIGTERM) < 0) // no group yet: it was before its setsid
            host_.signal(first_, SIGTERM);
        if (comes_true(condition::all_gone, patience))
            return;
        host_.signal(-first_, SIGKILL);
        if (daemon_ != 0 && !daemon_gone_) // it may have left the group
            host_.signal(daemon_, SIGKILL);
        comes_true(condition::all_gone, patience);
    }

    /// Takes the intermediate's exit, for a launcher that goes on living.
    void reap_intermediate() {
        if (siginfo_t how; first_ != daemon_)
            host_.wait(P_PID, first_, how, WEXITED);
    }

private:
    enum class condition { died, all_gone };

    auto has_ended(pid_t pid) -> bool {
        siginfo_t how;
        if (host_.wait(P_PID, pid, how, WEXITED | WNOHANG | WNOWAIT) < 0)
            return host_.signal(pid, 0) == -ESRCH; // not our child: no subreaper here
        if (how.si_pid != 0)
            end_ = how;
        return how.si_pid != 0;
    }

    auto all_gone() -> bool {
        if (daemon_ != 0 && !daemon_gone_)
            daemon_gone_ = take(P_PID, daemon_) || host_.signal(daemon_, 0) == -ESRCH;
        while (take(P_PGID, first_)) {
        }
        take(P_PID, first_);
        return (daemon_ == 0 || daemon_gone_) && host_.signal(-first_, 0) == -ESRCH;
    }

    auto take(idtype_t kind, pid_t id) -> bool {
        siginfo_t how;
        if (host_.wait(kind, id, how, WEXITED | WNOHANG) < 0 || how.si_pid == 0)
            return false;
        if (how.si_pid == daemon_) {
            daemon_gone_ = true;
            end_ = how;
        }
        return true;
    }

    /// Looks again after each SIGCHLD, and every 10 ms for those who are not our children.
    auto comes_true(condition which, long long patience) -> bool {
        constexpr long slice = 10'000'000;
        const long long deadline = host_.now() + patience;
        while (!(which == condition::died ? has_died() : all_gone())) {
            const long long left = deadline - host_.now();
            if (left <= 0)
                return false;
            nap(host_, left < slice ? static_cast<long>(left) : slice, watch_.while_polling());
        }
        return true;
    }

    [[no_unique_address]] Host host_;
    const ChildWatch& watch_;
    pid_t first_;
    pid_t daemon_;
    bool daemon_gone_ = false;
    siginfo_t end_;
};

} // namespace daemonizer::detail

#endif
