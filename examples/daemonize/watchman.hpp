// SPDX-License-Identifier: BSL-1.0
// The daemon that has the program as its child: it waits for ready, passes signals on, and ends
// with the program.
#ifndef EXAMPLES_DAEMONIZE_WATCHMAN_HPP
#define EXAMPLES_DAEMONIZE_WATCHMAN_HPP

#include "child.hpp"
#include "options.hpp"
#include "program.hpp"
#include "readiness.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace daemonize {

template <class Daemon>
class Watchman {
    using clock = std::chrono::steady_clock;
    using time = clock::time_point;

public:
    Watchman(Daemon& daemon, const Program& program, const Options& options)
        : daemon_{daemon}
        , program_{program}
        , options_{options}
        , readiness_{options.ready, options.descriptor} {}

    /// Until the program has ended. Returns the status to leave with.
    auto run() -> int {
        // Orphans of the program become our children: one of them may be named by MAINPID=.
        if (prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
            return fail(1, reason("subreaper", errno));
        const char* what = readiness_.open();
        if (what == nullptr)
            what = child_.start(program_, readiness_);
        if (what != nullptr)
            return fail(1, reason(what, errno));
        main_ = child_.pid();
        if (options_.timeout != 0)
            deadline_ = clock::now() + std::chrono::seconds{options_.timeout};
        while (!is_over_) {
            pollfd watched[] = {{daemon_.descriptor(), POLLIN, 0},
                                {child_.descriptor(), POLLIN, 0},
                                {readiness_.descriptor(), POLLIN, 0}};
            if (poll(watched, 3, patience()) < 0) {
                if (errno != EINTR)
                    poll(nullptr, 0, 10); // no memory in the kernel: it must not spin
                continue;
            }
            if (watched[1].revents != 0)
                hear_child();
            if (watched[2].revents != 0 && !is_over_)
                hear_program();
            take_signals();
            bury();
            if (!is_ready_ && !is_over_ && clock::now() >= deadline_)
                is_late();
        }
        return status_;
    }

private:
    static constexpr time never = time::max();

    // ---- what is said ----

    static auto reason(const std::string& what, int error) -> std::string {
        return what + ": " + std::strerror(error);
    }

    /// Before ready it is the launcher's line, and its status.
    auto fail(int status, const std::string& why) -> int {
        is_over_ = true;
        return status_ = daemon_.fail(status, why);
    }

    /// After ready it goes to the log, which is stderr.
    void say(const std::string& text) { complain(program_.name().c_str(), text.c_str()); }

    // ---- until it is ready ----

    /// In milliseconds, for poll(2).
    auto patience() const -> int {
        using std::chrono::milliseconds;
        if (is_disturbed_)
            return 10;
        if (is_ready_ || deadline_ == never)
            return -1;
        const auto left = std::chrono::ceil<milliseconds>(deadline_ - clock::now()).count();
        return left < 0 ? 0 : static_cast<int>(left < 1'000'000 ? left : 1'000'000);
    }

    void hear_child() {
        switch (child_.look()) {
        case Child::news::failed:
            // What the child could not do before the program's turn is no fault of the program's.
            if (*child_.what() != '\0')
                fail(1, reason(child_.what(), child_.error()));
            else
                fail(Program::status_of(child_.error()), reason(program_.name(), child_.error()));
            break;
        case Child::news::executed:
            if (options_.ready == Ready::start)
                become_ready();
            break;
        case Child::news::dead: // its end says how
        case Child::news::none:
            break;
        }
    }

    void hear_program() {
        readiness_.receive([this](auto key, auto value) { hear(key, value); });
    }

    void hear(std::string_view key, std::string_view value) {
        if (key == "MAINPID")
            std::from_chars(value.data(), value.data() + value.size(), announced_);
        if (is_ready_ || is_over_)
            return;
        if (key == "READY" && value == "1")
            become_ready();
        if (key == "STATUS")
            daemon_.status(last_words_ = value);
        if (key == "EXTEND_TIMEOUT_USEC")
            extend(value);
        if (key == "CLOSED") { // by its death, as a rule, which is told in a moment
            is_closed_ = true;
            deadline_ = std::min(deadline_, clock::now() + std::chrono::seconds{1});
        }
    }

    void extend(std::string_view microseconds) {
        long long number = 0;
        std::from_chars(microseconds.data(), microseconds.data() + microseconds.size(), number);
        constexpr long long day = 86'400'000'000;
        if (deadline_ != never && !is_closed_ && number > 0 && number <= day)
            deadline_ = std::max(deadline_, clock::now() + std::chrono::microseconds{number});
    }

    /// The launcher leaves with 0 for a program that lives. Of a dead one its end is told, or its
    /// successor is ready.
    void become_ready() {
        has_said_ready_ = true;
        siginfo_t how{};
        if (waitid(P_PID, static_cast<id_t>(main_), &how, WEXITED | WNOHANG | WNOWAIT) == 0 &&
            how.si_pid != 0)
            return;
        is_ready_ = true;
        daemon_.ready();
    }

    void is_late() {
        const std::string why = is_closed_
                                    ? "has closed descriptor " +
                                          std::to_string(options_.descriptor) + " without a newline"
                                    : "took longer than " + std::to_string(options_.timeout) + " s";
        const int error = end_program();
        const std::string end = error != 0   ? reason(", and cannot be ended", error)
                                : is_closed_ ? ""
                                             : ", and was ended";
        fail(is_closed_ ? 1 : 124, explained(why + end));
    }

    /// TERM, and after two seconds KILL. Whoever it has forked is ended by the launcher. Returns 0,
    /// or errno where the program has become another user's, and goes on.
    auto end_program() -> int {
        kill(main_, SIGTERM);
        siginfo_t how{};
        for (int tries = 200; tries != 0; --tries) {
            if (waitid(P_PID, static_cast<id_t>(main_), &how, WEXITED | WNOHANG) != 0 ||
                how.si_pid != 0)
                return 0;
            poll(nullptr, 0, 10);
        }
        if (kill(main_, SIGKILL) != 0)
            return errno;
        waitid(P_PID, static_cast<id_t>(main_), &how, WEXITED);
        return 0;
    }

    auto explained(const std::string& why) const -> std::string {
        return program_.name() + ": " + why + (last_words_.empty() ? "" : ": " + last_words_);
    }

    // ---- signals, and the end ----

    void take_signals() {
        while (const int signal = daemon_.wait_for(std::chrono::seconds{0})) {
            if (signal == SIGCHLD || is_over_)
                continue;
            if (signal == SIGTERM || signal == SIGINT || signal == SIGQUIT)
                asked_to_end_by_ = signal;
            pass_on(signal);
        }
    }

    /// To a child that has not been waited for: nobody else's number. A program that has become
    /// another user's, by its set-user-ID bit, may not be signalled.
    void pass_on(int signal) {
        if (kill(main_, signal) != 0)
            say(reason(std::string{strsignal(signal)} + " cannot be passed on", errno));
    }

    /// Waits for whoever is dead: the program, and orphans of it.
    void bury() {
        is_disturbed_ = false;
        for (siginfo_t how{}; !is_over_; how = {}) {
            if (waitid(P_ALL, 0, &how, WEXITED | WNOHANG | WNOWAIT) != 0) {
                is_disturbed_ = errno != ECHILD; // to be tried again: SIGCHLD comes once
                return;
            }
            if (how.si_pid == 0)
                return;
            if (how.si_pid == main_ && options_.ready == Ready::notify)
                hear_program(); // what it said last
            siginfo_t unused;
            waitid(P_PID, static_cast<id_t>(how.si_pid), &unused, WEXITED | WNOHANG);
            if (how.si_pid != main_)
                continue;
            if (!has_successor())
                has_ended(how);
            else if (has_said_ready_ && !is_ready_)
                become_ready();
            if (asked_to_end_by_ != 0 && !is_over_)
                pass_on(asked_to_end_by_); // it went to a process that was leaving
        }
    }

    /// Whether a program that has ended has forked and named its child by MAINPID=. Only our child
    /// can be that: nobody else's number stays the same until we look.
    auto has_successor() -> bool {
        siginfo_t unused{};
        if (announced_ <= 0 || announced_ == main_ ||
            waitid(P_PID, static_cast<id_t>(announced_), &unused, WEXITED | WNOHANG | WNOWAIT) != 0)
            return false;
        main_ = announced_;
        return true;
    }

    void has_ended(const siginfo_t& how) {
        const bool exited = how.si_code == CLD_EXITED;
        const int status = exited ? how.si_status : 128 + how.si_status;
        const std::string number = std::to_string(how.si_status);
        const std::string text =
            exited ? "has ended with status " + number
                   : std::string{"was killed: "} + strsignal(how.si_status) + ", signal " + number;
        if (!is_ready_) {
            fail(status, explained(text));
            return;
        }
        is_over_ = true;
        status_ = asked_to_end_by_ != 0 ? 0 : status;
        if (status_ != 0)
            say(text);
    }

    Daemon& daemon_;
    const Program& program_;
    const Options& options_;
    Readiness readiness_;
    Child child_;
    pid_t main_ = 0;      ///< the program, or the child that it has named
    pid_t announced_ = 0; ///< by MAINPID=
    std::string last_words_;
    time deadline_ = never;
    int status_ = 0;
    int asked_to_end_by_ = 0; ///< a signal
    bool has_said_ready_ = false, is_ready_ = false, is_over_ = false, is_closed_ = false;
    bool is_disturbed_ = false;
};

} // namespace daemonize

#endif
