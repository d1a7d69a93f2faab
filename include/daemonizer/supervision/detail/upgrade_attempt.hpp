// SPDX-License-Identifier: BSL-1.0
// Makes one upgrade: a child tries the new program, then this process executes it.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_ATTEMPT_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_ATTEMPT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/supervision/detail/trial_wait.hpp>
#include <daemonizer/supervision/detail/upgrade_handover.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>

#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// What the next program finds open, beside what is stored.
struct PassedDescriptors {
    int pid_file = -1;
    int sockets = 0; ///< of ListenSockets, from 3 on
    int notify = -1; ///< that NOTIFY_SOCKET names by its number
};

/// Proves the program's file by a child, and executes it in this process.
template <class Host>
class UpgradeAttempt {
public:
    UpgradeAttempt(const Host& host, UpgradeState& state, int seconds)
        : host_{host}, state_{state}, seconds_{seconds} {}
    UpgradeAttempt(const UpgradeAttempt&) = delete;
    auto operator=(const UpgradeAttempt&) -> UpgradeAttempt& = delete;
    ~UpgradeAttempt() { close(); }

    /// True when a child has executed the program and was ready. `sockets`: of ListenSockets.
    /// `say_alive`: as in TrialWait.
    template <class SayAlive>
    auto prove(Failure& failure, int sockets, SayAlive say_alive) -> bool {
        const PassedDescriptors passed{.sockets = sockets};
        if (const int error = open(true, passed); error < 0) {
            failure.describe("trial", -error);
            return false;
        }
        const pid_t parent = host_.pid();
        const pid_t child = host_.fork();
        if (child < 0) {
            failure.describe("trial: fork", -child);
            return false;
        }
        if (child == 0) {
            host_.lead_group();
            host_.set_parent_death_signal(SIGKILL);
            if (host_.parent() != parent)
                host_.leave_at_once(1);
            const int error = execute(passed);
            Failure why;
            why.name_step("exec");
            why.describe(state_.first.path, -error);
            host_.send(theirs_, &why, sizeof why);
            host_.leave_at_once(127);
        }
        host_.close(theirs_);
        theirs_ = -1;
        const bool proved = TrialWait<Host>{host_, ours_, child, seconds_}.wait(failure, say_alive);
        close();
        return proved;
    }

    /// Executes the program in this process. Returns only if that fails; then all is as it was.
    void become(Failure& failure, const PassedDescriptors& passed) {
        if (const int error = open(false, passed); error < 0) {
            failure.describe("in place", -error);
            return;
        }
        Surroundings now;
        const int readable = now.read(host_);
        const int error = readable < 0 ? readable : execute(passed);
        if (readable >= 0)
            now.restore(host_);
        now.close(host_);
        each_passed(passed, [this](int fd) { host_.close_on_exec(fd); });
        failure.describe(state_.first.path, -error);
        close();
    }

private:
    auto open(bool is_trial, const PassedDescriptors& passed) -> int {
        int ends[2];
        if (const int error = host_.socket_pair(ends); error < 0)
            return error;
        ours_ = detail::above_stdio(host_, ends[0]);
        theirs_ = detail::above_stdio(host_, ends[1]);
        if (ours_ < 0 || theirs_ < 0)
            return ours_ < 0 ? ours_ : theirs_;
        const UpgradeHandover handover{UpgradeHandover::of_upgrade,
                                       sizeof handover,
                                       host_.pid(),
                                       is_trial ? 1 : 0,
                                       passed.pid_file,
                                       passed.notify,
                                       state_.failures,
                                       state_.is_supervised ? 1 : 0,
                                       state_.stored};
        const long sent = host_.send(ours_, &handover, sizeof handover);
        return sent < 0 ? static_cast<int>(sent) : 0;
    }
    void close() {
        int* const ends[] = {&ours_, &theirs_};
        for (int* const fd : ends) {
            if (*fd >= 0)
                host_.close(*fd);
            *fd = -1;
        }
    }

    /// For all that the next program finds open.
    template <class Act>
    void each_passed(const PassedDescriptors& passed, Act act) const {
        constexpr int first_socket = 3;
        for (int fd = first_socket; fd != first_socket + passed.sockets; ++fd)
            act(fd);
        state_.stored.each_descriptor(act);
        if (passed.pid_file >= 0)
            act(passed.pid_file);
        if (passed.notify >= 0)
            act(passed.notify);
        if (theirs_ >= 0)
            act(theirs_);
    }

    /// Returns a negative errno. All that is not passed is close-on-exec, or the program's own.
    auto execute(const PassedDescriptors& passed) -> int {
        FirstStart& first = state_.first;
        int error = 0;
        each_passed(passed, [&](int fd) {
            if (const int refused = host_.pass_on_exec(fd); refused < 0)
                error = refused;
        });
        if (error < 0)
            return error;
        first.complete(host_.pid(), theirs_);
        error = state_.surroundings.restore(host_);
        return error < 0 ? error : host_.execute(first.path, first.arguments, first.environment);
    }

    const Host& host_;
    UpgradeState& state_;
    const int seconds_;
    int ours_ = -1, theirs_ = -1;
};

} // namespace daemonizer::detail

#endif
