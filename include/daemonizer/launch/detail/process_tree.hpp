// SPDX-License-Identifier: BSL-1.0
// The processes of a start, as the launcher sees them and ends them.
#ifndef DAEMONIZER_LAUNCH_DETAIL_PROCESS_TREE_HPP
#define DAEMONIZER_LAUNCH_DETAIL_PROCESS_TREE_HPP

#include <daemonizer/launch/detail/children_list.hpp>
#include <daemonizer/launch/detail/sigchld_watch.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <ctime>
#include <sys/wait.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host, bool ParentMayStay = false>
class [[gnu::visibility("hidden")]] ProcessTree;

/// The launcher's first child, which leads the process group that the others begin in; the daemon,
/// which is that child or was forked by it; and whoever these fork.
///
/// A number, also a group's, is signalled only while a child of ours, dead or alive, keeps it: once
/// it has been waited for it may be a stranger's. Signal 0 does no harm and is sent without that.
template <class Host, bool ParentMayStay>
class ProcessTree {
public:
    /// `daemon` is 0 as long as it is not known who that is; the intermediate may write it.
    ProcessTree(Host host, SigchldWatch& watch, StartSignals& signals, pid_t first,
                volatile pid_t& daemon)
        : host_{host}, watch_{watch}, signals_{signals}, first_{first}, daemon_{daemon} {}

    void daemon_is(pid_t pid) { daemon_ = pid; }
    auto daemon() const -> pid_t { return daemon_; }
    auto first() const -> pid_t { return first_; }
    /// How the daemon ended, or the intermediate that could not make one; si_pid is 0 where that is
    /// not known.
    auto end() const -> const siginfo_t& { return end_; }

    enum class life { runs, dead, unseen, unknown };

    /// Looks at the daemon, and leaves a zombie one: its number must stay its own. One whose
    /// parent, the intermediate, has yet to leave is unseen: it may be dead and no child of ours.
    /// Where the kernel does not tell of a child it is unknown, and why_unknown() the errno.
    auto look() -> life {
        life daemon = look_once();
        if constexpr (ParentMayStay) // which leaves as soon as the daemon is dead
            if (daemon == life::unseen && staying_.parent && !has_left(first_))
                return life::runs;
        // The intermediate's exit makes the daemon our child, or in another pid namespace that of
        // the first process there: then nobody here sees more of it than its number.
        if (daemon == life::unseen && has_left(first_) && (daemon = look_once()) == life::unseen)
            return life::runs;
        return daemon;
    }

    auto why_unknown() const -> int { return why_unknown_; }

    /// The intermediate stays as the daemon's parent.
    void parent_stays() requires(ParentMayStay) { staying_.parent = true; }

    /// Ends the parent that has stayed: the daemon becomes a child of whoever is told of it. The
    /// parent's zombie keeps the group's number. Returns false if the daemon is dead.
    auto give_daemon_away() -> bool requires(ParentMayStay) {
        if (!staying_.parent || daemon_ == first_)
            return true;
        watch_.adopt_no_more(host_);
        if (host_.signal(first_, SIGKILL) < 0) // a filter may refuse it: the parent stays
            return true;
        staying_.parent = false;
        siginfo_t how{};
        host_.wait(P_PID, first_, how, WEXITED | WNOWAIT);
        return look() != life::dead;
    }

    /// Of the daemon, or of an intermediate that has made none.
    auto has_died() -> bool {
        if (daemon_ != 0)
            return look() == life::dead;
        siginfo_t how{};
        if (host_.wait(P_PID, first_, how, WEXITED | WNOHANG | WNOWAIT) < 0 || how.si_pid == 0 ||
            (how.si_code == CLD_EXITED && how.si_status == 0))
            return false;
        end_ = how;
        return true;
    }

    /// Waits for the daemon to leave by itself, at most `patience` ns, or until the start is
    /// cancelled.
    [[gnu::cold, gnu::noinline]] void let_leave(long long patience) {
        const long long deadline = host_.now() + patience;
        while (!has_died() && signals_.look(host_) == 0 && host_.now() < deadline)
            sleep();
    }

    /// Ends whatever of them still lives, whatever it is doing and whoever forked it: TERM, and
    /// after two seconds KILL. Before its setsid the first child has no group and is ended by KILL.
    [[gnu::cold, gnu::noinline]] void end_all() {
        constexpr long long patience = 2'000'000'000;
        const long long begun = host_.now();
        watch_.open(host_,
                    detail::only_signal(SIGCHLD)); // what cancels has been seen, and stays pending
        if (!is_ours(P_PGID, first_) && is_ours(P_PID, first_))
            host_.signal(first_, SIGKILL);
        // Rounds, not a time: each orphan is seen only once its parent is dead, and a launcher that
        // was stopped meanwhile must not give up on it. Two seconds at the most, since a process
        // that the kernel cannot end now would hold the launcher for ever.
        int rounds_of_kill = 200;
        // What an intermediate forks after it was asked has not heard that.
        bool may_fork = daemon_ != first_ && !has_left(first_);
        for (bool asked_group = false, asked_rest = false; !all_gone(); sleep()) {
            if (host_.now() - begun > patience) {
                if (--rounds_of_kill == 0)
                    return;
                signal_group(SIGKILL);
                signal_others(SIGKILL);
            } else if (!asked_group && signal_group(SIGTERM)) {
                asked_group = true;
            } else if (may_fork && has_left(first_)) {
                may_fork = false;
                signal_group(SIGTERM);
            } else if (!asked_rest && !is_ours(P_PGID, first_)) {
                signal_others(SIGTERM); // they have left the group
                asked_rest = true;
            }
        }
    }

    /// Until the next death, and at most 10 ms, for those who are not our children.
    void sleep() {
        constexpr timespec slice{0, 10'000'000};
        watch_.wait(host_, -1, &slice);
        watch_.listen_again(host_);
    }

    /// Takes the intermediate's exit, for a launcher that goes on living.
    void reap_intermediate() {
        bool stays = false;
        if constexpr (ParentMayStay)
            stays = staying_.parent;
        if (siginfo_t how; first_ != daemon_ && !stays)
            host_.wait(P_PID, first_, how, WEXITED);
    }

private:
    auto look_once() -> life {
        siginfo_t how{};
        const int error = host_.wait(P_PID, daemon_, how, WEXITED | WNOHANG | WNOWAIT);
        if (error < 0) {
            if (host_.signal(daemon_, 0) == -ESRCH)
                return life::dead;
            if (error == -ECHILD)
                return watch_.adopts() ? life::unseen : life::runs;
            why_unknown_ = -error;
            return life::unknown;
        }
        if (how.si_pid == 0)
            return life::runs;
        end_ = how;
        return life::dead;
    }

    [[gnu::noinline]] auto has_left(pid_t child) const -> bool {
        siginfo_t how{};
        return host_.wait(P_PID, child, how, WEXITED | WNOHANG | WNOWAIT) < 0 || how.si_pid != 0;
    }

    [[gnu::noinline]] auto is_ours(idtype_t kind, pid_t id) const -> bool {
        siginfo_t how;
        return host_.wait(kind, id, how, WEXITED | WNOHANG | WNOWAIT) >= 0;
    }

    auto signal_group(int signal) const -> bool {
        return is_ours(P_PGID, first_) && host_.signal(-first_, signal) >= 0;
    }

    /// Every descendant becomes our child once its parents are dead. Where the program had children
    /// of its own, nobody can tell its adopted grandchildren from the daemon's: only the daemon is
    /// signalled then.
    void signal_others(int signal) const {
        const auto act = [&](pid_t pid) {
            if (is_ours(P_PID, pid))
                host_.signal(pid, signal);
        };
        if (daemon_ != 0)
            act(daemon_);
        if (owns_all_children())
            detail::each_listed_child(host_, [&](pid_t pid) {
                if (pid != daemon_)
                    act(pid);
            });
    }

    auto owns_all_children() const -> bool { return watch_.adopts() && !watch_.has_others(); }

    /// Buries the dead.
    auto all_gone() -> bool {
        if (owns_all_children()) {
            while (const pid_t dead = take(P_ALL, 0))
                if (dead < 0)
                    return true;
            return false;
        }
        if (!watch_.adopts()) { // its zombie keeps the group's number until the daemon is gone
            if (daemon_ != 0 && look() != life::dead)
                return false;
            signal_group(SIGKILL);
            return take(P_PID, first_) != 0;
        }
        const bool first_gone = take(P_PID, first_) != 0;
        const bool daemon_gone = daemon_ == 0 || take(P_PID, daemon_) != 0;
        pid_t member;
        while ((member = take(P_PGID, first_)) > 0) {
        }
        return first_gone && daemon_gone && member < 0;
    }

    /// The dead child that it has waited for, 0 where all live, -1 where there is none.
    auto take(idtype_t kind, pid_t id) -> pid_t {
        siginfo_t how{};
        if (host_.wait(kind, id, how, WEXITED | WNOHANG) < 0)
            return -1;
        if (how.si_pid != 0 && (how.si_pid == daemon_ || (daemon_ == 0 && how.si_pid != first_)))
            end_ =
                how; // whoever is not the first, and was never named, is a daemon that died early
        return how.si_pid;
    }

    [[no_unique_address]] Host host_;
    SigchldWatch& watch_;
    StartSignals& signals_;
    pid_t first_;
    volatile pid_t& daemon_;
    int why_unknown_ = 0;
    siginfo_t end_{};
    struct Staying {
        bool parent = false;
    };
    struct nobody_stays {};
    [[no_unique_address]] std::conditional_t<ParentMayStay, Staying, nobody_stays> staying_;
};

} // namespace daemonizer::detail

#endif
