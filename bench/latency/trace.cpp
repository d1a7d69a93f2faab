// SPDX-License-Identifier: BSL-1.0
#include "trace.hpp"

#include "marks.hpp"

#include <csignal>
#include <sched.h>
#include <set>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace latency {

void mark_begin_of_start() {
    if (marks->traced)
        ::syscall(call_begins);
}

void mark_end_of_start() {
    if (marks->traced)
        ::syscall(call_ends);
}

namespace {

class Tracer {
public:
    explicit Tracer(pid_t launcher) : launcher_{launcher} {}

    /// Attends to all of them until none is left; the daemon is ended when the start is over.
    auto count() -> int {
        int status = 0;
        pid_t stopped = 0;
        while ((stopped = ::waitpid(-1, &status, __WALL)) > 0) {
            if (WIFSTOPPED(status))
                go_on(stopped, status);
            else if (stopped == launcher_)
                launcher_is_gone_ = true;
            if (launcher_is_gone_ && daemon_ != 0 && !ended_) {
                ended_ = true;
                ::kill(daemon_, SIGTERM);
            }
        }
        return calls_;
    }

private:
    void go_on(pid_t process, int status) {
        const int signal = WSTOPSIG(status);
        const bool is_call = signal == (SIGTRAP | 0x80);
        const bool is_event = status >> 16 != 0;
        if (is_call)
            look_at_call(process);
        ::ptrace(PTRACE_SYSCALL, process, nullptr, is_call || is_event ? 0L : long{signal});
    }

    void look_at_call(pid_t process) {
        __ptrace_syscall_info call{};
        ::ptrace(PTRACE_GET_SYSCALL_INFO, process, sizeof call, &call);
        if (call.op != PTRACE_SYSCALL_INFO_ENTRY)
            return;
        if (call.entry.nr == call_begins)
            begun_ = true;
        else if (call.entry.nr == call_ends)
            daemon_ = process;
        else if (begun_ && process != daemon_)
            ++calls_;
        // A launcher that is the daemon does not leave.
        launcher_is_gone_ |= daemon_ == launcher_;
    }

    pid_t launcher_, daemon_ = 0;
    bool begun_ = false, launcher_is_gone_ = false, ended_ = false;
    int calls_ = 0;
};

} // namespace

auto count_calls(const std::function<void()>& child) -> std::optional<int> {
    std::atomic<pid_t>& may_go = marks->daemon;
    may_go = 0;
    marks->traced = true;
    const pid_t launcher = ::fork();
    if (launcher == 0) {
        while (may_go == 0)
            ::sched_yield();
        may_go = 0;
        child();
        ::_exit(0);
    }
    const long options = PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                         PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    std::optional<int> calls;
    if (launcher > 0 && ::ptrace(PTRACE_SEIZE, launcher, nullptr, options) == 0 &&
        ::ptrace(PTRACE_INTERRUPT, launcher, nullptr, nullptr) == 0 &&
        ::waitpid(launcher, nullptr, __WALL) == launcher &&
        ::ptrace(PTRACE_SYSCALL, launcher, nullptr, nullptr) == 0) {
        may_go = launcher;
        calls = Tracer{launcher}.count();
    } else if (launcher > 0) {
        ::kill(launcher, SIGKILL);
        ::waitpid(launcher, nullptr, 0);
    }
    marks->traced = false;
    return calls;
}

} // namespace latency
