// SPDX-License-Identifier: BSL-1.0
// The program as a child of the watchman, which learns whether it has been executed.
#ifndef EXAMPLES_DAEMONIZE_CHILD_HPP
#define EXAMPLES_DAEMONIZE_CHILD_HPP

#include "program.hpp"
#include "readiness.hpp"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace daemonize {

class Child {
public:
    /// Returns null, or what failed, with errno.
    auto start(const Program& program, Readiness& readiness) -> const char* {
        int pipe[2];
        if (pipe2(pipe, O_CLOEXEC) != 0)
            return "pipe";
        if (pipe[1] == readiness.number()) { // which the child needs for something else
            const int other = fcntl(pipe[1], F_DUPFD_CLOEXEC, pipe[1] + 1);
            if (other < 0)
                return "pipe";
            close(pipe[1]);
            pipe[1] = other;
        }
        const pid_t watchman = getpid();
        pid_ = fork();
        if (pid_ < 0)
            return "fork";
        if (pid_ == 0)
            become(program, readiness, watchman, pipe[1]);
        close(pipe[1]);
        readiness.leave_to_program();
        report_ = pipe[0];
        return nullptr;
    }

    auto pid() const -> pid_t { return pid_; }
    /// Readable once it is known whether the program has been executed; -1 once that is told.
    auto descriptor() const -> int { return report_; }

    enum class news { none, executed, failed, dead };

    /// The pipe closes when the program is executed, and when the child dies before. setpgid(2) is
    /// refused for a child that has executed a program, and only for that, so it tells which it
    /// was.
    auto look() -> news {
        const ssize_t size = read(report_, &failure_, sizeof failure_);
        if (size < 0)
            return news::none; // the next poll(2) tells again
        news now = size == sizeof failure_ ? news::failed : news::dead;
        if (size == 0 && setpgid(pid_, pid_) != 0) {
            if (errno != EACCES && errno != EPERM)
                return news::none;
            now = news::executed;
        }
        close(report_);
        report_ = -1;
        return now;
    }

    /// Of news::failed: errno, and what it is about where that is not the program.
    auto error() const -> int { return failure_.error; }
    auto what() const -> const char* { return failure_.what; }

private:
    struct Failure {
        int error;
        char what[32];
    };

    /// The program leads a process group of its own: what it sends to that is not the watchman's.
    /// It dies with its watchman, which holds its pid file.
    [[noreturn]] static void become(const Program& program, const Readiness& readiness,
                                    pid_t watchman, int report) {
        Failure failure{};
        const char* what = nullptr;
        if (setpgid(0, 0) != 0)
            what = "process group";
        else if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
            what = "parent's death";
        else
            what = readiness.give_to_program();
        failure.error = errno;
        if (getppid() != watchman) // it died before prctl(2)
            _exit(1);
        if (what != nullptr)
            std::snprintf(failure.what, sizeof failure.what, "%s", what);
        else
            failure.error = program.execute();
        const ssize_t written = write(report, &failure, sizeof failure);
        _exit(written < 0 ? 1 : Program::status_of(failure.error));
    }

    pid_t pid_ = 0;
    int report_ = -1;
    Failure failure_{};
};

} // namespace daemonize

#endif
