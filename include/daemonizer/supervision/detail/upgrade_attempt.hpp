// SPDX-License-Identifier: BSL-1.0
// One upgrade: the trial of the new program by a child, and its execution in place.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_ATTEMPT_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_ATTEMPT_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/supervision/detail/upgrade_handover.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host>
class UpgradeAttempt {
public:
    UpgradeAttempt(const Host& host, UpgradeState& state, int seconds)
        : host_{host}, state_{state}, seconds_{seconds} {}
    UpgradeAttempt(const UpgradeAttempt&) = delete;
    auto operator=(const UpgradeAttempt&) -> UpgradeAttempt& = delete;
    ~UpgradeAttempt() { close(); }

    /// True when a child has executed the program and was ready. `sockets`: of ListenSockets.
    auto prove(Failure& failure, int sockets) -> bool {
        if (const int error = open(true, -1); error < 0)
            return failure.describe("trial", -error), false;
        const pid_t parent = host_.pid();
        const pid_t child = host_.fork();
        if (child < 0)
            return failure.describe("trial: fork", -child), false;
        if (child == 0) {
            host_.lead_group();
            host_.set_parent_death_signal(SIGKILL);
            if (host_.parent() != parent)
                host_.leave_at_once(1);
            const int error = execute(-1, sockets);
            Failure why;
            why.name_step("exec");
            why.describe(state_.first.path, -error);
            host_.send(theirs_, &why, sizeof why);
            host_.leave_at_once(127);
        }
        host_.close(theirs_);
        theirs_ = -1;
        const bool proved = await(child, failure);
        close();
        return proved;
    }

    /// Returns only where it has failed; then all is as it was.
    void become(Failure& failure, int pid_file, int sockets) {
        if (const int error = open(false, pid_file); error < 0) {
            failure.describe("in place", -error);
            return;
        }
        Surroundings now;
        const int readable = now.read(host_);
        const int error = readable < 0 ? readable : execute(pid_file, sockets);
        if (readable >= 0)
            now.restore(host_);
        now.close(host_);
        pass(pid_file, sockets, [this](int fd) { host_.close_on_exec(fd); });
        failure.describe(state_.first.path, -error);
        close();
    }

private:
    auto open(bool is_trial, int pid_file) -> int {
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
                                       pid_file,
                                       state_.failures,
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

    template <class Act>
    void pass(int pid_file, int sockets, Act act) const {
        constexpr int first_socket = 3;
        for (int fd = first_socket; fd != first_socket + sockets; ++fd)
            act(fd);
        state_.stored.each_descriptor(act);
        if (pid_file >= 0)
            act(pid_file);
        if (theirs_ >= 0)
            act(theirs_);
    }

    /// Returns a negative errno. All that is not passed is close-on-exec, or the program's own.
    auto execute(int pid_file, int sockets) -> int {
        const FirstStart& first = state_.first;
        pass(pid_file, sockets, [this](int fd) { host_.pass_on_exec(fd); });
        state_.first.complete(host_.pid(), theirs_);
        state_.surroundings.restore(host_);
        return host_.execute(first.path, first.arguments, first.environment);
    }

    auto await(pid_t child, Failure& failure) -> bool {
        constexpr long long slice = 20'000'000;
        const long long deadline = host_.now() + seconds_ * 1'000'000'000LL;
        Failure said;
        long got = -EAGAIN;
        bool is_dead = false;
        while (got == -EAGAIN && !is_dead && host_.now() < deadline) {
            const timespec time = detail::timespec_of(slice);
            pollfd entry{ours_, POLLIN, 0};
            host_.poll(&entry, 1, &time, nullptr);
            siginfo_t how{};
            is_dead = host_.wait(P_PID, child, how, WEXITED | WNOHANG | WNOWAIT) < 0 ||
                      how.si_pid != 0; // looked at first: it may have left a word
            got = host_.receive(ours_, &said, sizeof said, MSG_DONTWAIT);
            if (got ==
                -ECONNRESET) // said first where the handover was not read; then what was sent
                got = host_.receive(ours_, &said, sizeof said, MSG_DONTWAIT);
        }
        const bool is_late = got == -EAGAIN && !is_dead;
        siginfo_t end{};
        bury(child, is_late, end);
        if (got == 1)
            return true;
        if (got == sizeof said) {
            said.sanitise();
            failure.describe("trial failed", said.step()).text(": ").text(said.text());
        } else if (is_late) {
            failure.describe("trial", "not ready after ").number(seconds_).text(" s, and ended");
        } else if (end.si_pid == 0) {
            failure.describe("trial", "ended before it was ready, how is not known");
        } else if (end.si_code == CLD_EXITED) {
            failure.describe("trial", "ended before it was ready, exit status ")
                .number(end.si_status);
        } else {
            failure.describe("trial", "killed before it was ready: ")
                .text(detail::signal_text(end.si_status))
                .text(", signal ")
                .number(end.si_status);
        }
        return false;
    }

    /// It leaves by itself once it has said how it went. What it has forked is ended with it.
    void bury(pid_t child, bool at_once, siginfo_t& end) const {
        constexpr long long patience = 1'000'000'000;
        const long long deadline = at_once ? 0 : host_.now() + patience;
        while (host_.wait(P_PID, child, end, WEXITED | WNOHANG | WNOWAIT) >= 0) {
            if (end.si_pid != 0 || host_.now() >= deadline)
                host_.signal(-child, SIGKILL);
            if (end.si_pid != 0) {
                host_.wait(P_PID, child, end, WEXITED);
                return;
            }
            const timespec time = detail::timespec_of(2'000'000);
            host_.poll(nullptr, 0, &time, nullptr);
        }
    }

    const Host& host_;
    UpgradeState& state_;
    const int seconds_;
    int ours_ = -1, theirs_ = -1;
};

} // namespace daemonizer::detail

#endif
