// SPDX-License-Identifier: BSL-1.0
// Daemons to be controlled, and processes that pretend to be one.
#ifndef DAEMONIZER_TESTS_PROCESS_CONTROL_HPP
#define DAEMONIZER_TESTS_PROCESS_CONTROL_HPP

#include "kernel.hpp"

#include <daemonizer/control.hpp>

namespace launch {

using daemonizer::ControlResult;
using daemonizer::ServiceStatus;
using outcome = ControlResult::outcome;
using state = ServiceStatus::state;

/// Serves until SIGTERM, and tells the test of every signal.
constexpr auto obey = [](auto& daemon) {
    tell_pid();
    daemon.ready();
    for (;;) {
        const int signal = daemon.wait();
        tell("signal " + std::to_string(signal));
        if (signal == SIGTERM)
            return 0;
    }
};

/// A daemon on the pid file that runs `body`; its pid.
template <class Body>
auto start_daemon(Scene& scene, const std::string& pid_file, Body body) -> pid_t {
    using namespace daemonizer;
    const Outcome start = scene.run([&] {
        return Daemonizer{PidFile{pid_file.c_str()}, SignalFd<SIGTERM, SIGHUP, SIGUSR1>{}, Wires{}}
            .run(body);
    });
    INFO(start.err);
    REQUIRE(start.status == 0);
    return scene.pid();
}

/// What a child finds that asks with `ask`, in words: "running 123".
template <class Ask>
auto asked(Scene& scene, Ask ask) -> std::string {
    const Outcome answer = scene.run([&] {
        ask();
        return 0;
    });
    CHECK(answer.err == "");
    CHECK(answer.status == 0);
    return scene.fact("answer");
}

inline auto words_of(const ServiceStatus& status) -> std::string {
    static const char* const names[] = {"running", "starting", "orphaned",
                                        "dead",    "stopped",  "unknown"};
    std::string words = names[static_cast<int>(status.what)];
    if (status.pid != 0)
        words += ' ' + std::to_string(status.pid);
    return *status.reason == '\0' ? words : words + ": " + status.reason;
}
inline auto words_of(const ControlResult& result) -> std::string {
    static const char* const names[] = {"done", "not running", "still running", "refused"};
    std::string words = names[static_cast<int>(result.what)];
    if (result.pid != 0)
        words += ' ' + std::to_string(result.pid);
    return *result.reason == '\0' ? words : words + ": " + result.reason;
}

inline auto lock_byte(int fd, int command, short type, off_t byte) -> bool {
    struct flock range {};
    range.l_type = type;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = 1;
    return ::fcntl(fd, command, &range) == 0;
}

/// A process that does `prepare` and then waits at the gate: no daemon. Its exit status is the
/// number of signals that were sent to it.
template <class Prepare>
auto begin_bystander(Scene& scene, Prepare prepare) -> pid_t {
    const pid_t pid = scene.begin([&] {
        sigset_t all, pending;
        sigfillset(&all);
        ::sigprocmask(SIG_BLOCK, &all, nullptr);
        prepare();
        tell("bystander");
        await_gate();
        ::sigpending(&pending);
        int count = 0;
        for (int signal = 1; signal < NSIG; ++signal)
            count += sigismember(&pending, signal) == 1;
        return count;
    });
    scene.fact("bystander");
    return pid;
}

} // namespace launch

#endif
