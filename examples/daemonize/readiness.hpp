// SPDX-License-Identifier: BSL-1.0
// How the program says that it is ready: a newline on a descriptor, or READY=1 on a socket.
#ifndef EXAMPLES_DAEMONIZE_READINESS_HPP
#define EXAMPLES_DAEMONIZE_READINESS_HPP

#include "notify_listener.hpp"
#include "options.hpp"

#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <unistd.h>

namespace daemonize {

class Readiness {
public:
    Readiness(Ready how, int number) : how_{how}, number_{number} {}

    /// Makes the pipe or the socket. Returns null, or what failed, with errno.
    auto open() -> const char* {
        if (how_ == Ready::newline && pipe2(pipe_, O_CLOEXEC) != 0)
            return "pipe";
        if (how_ == Ready::notify && notify_.open() != 0)
            return "notify socket";
        return nullptr;
    }

    /// In the child: leaves the program what it needs. Returns null, or what failed, with errno.
    auto give_to_program() const -> const char* {
        if (how_ == Ready::newline) {
            const bool is_there = pipe_[1] == number_;
            if ((is_there ? fcntl(number_, F_SETFD, 0) : dup2(pipe_[1], number_)) < 0)
                return "descriptor for the newline";
        }
        if (how_ == Ready::notify) {
            // Of a manager above this one, who expects no ping of the program.
            unsetenv("WATCHDOG_USEC");
            unsetenv("WATCHDOG_PID");
            if (setenv("NOTIFY_SOCKET", notify_.name(), 1) != 0)
                return "NOTIFY_SOCKET";
        }
        return nullptr;
    }

    /// In the watchman, once the program has it.
    void leave_to_program() {
        if (pipe_[1] >= 0)
            close(pipe_[1]);
        pipe_[1] = -1;
    }

    /// The number that the program finds the pipe at; -1 where there is none.
    auto number() const -> int { return how_ == Ready::newline ? number_ : -1; }

    /// To be polled. -1 is nobody.
    auto descriptor() const -> int {
        return how_ == Ready::notify ? notify_.descriptor() : pipe_[0];
    }

    /// Takes what has come. Calls `hear("READY", "1")` for a newline, `hear("CLOSED", "")` where
    /// the program has closed the pipe without one, and `hear(key, value)` for what it notifies of.
    template <class Hear>
    void receive(Hear hear) {
        if (how_ == Ready::notify)
            return notify_.receive(hear);
        char text[256];
        const ssize_t size = read(pipe_[0], text, sizeof text);
        if (size < 0)
            return; // the next poll(2) tells again
        const std::string_view said{text, static_cast<std::size_t>(size)};
        const bool is_ready = said.find('\n') != said.npos;
        if (is_ready)
            hear("READY", "1");
        else if (size == 0)
            hear("CLOSED", "");
        else
            return;
        close(pipe_[0]);
        pipe_[0] = -1;
    }

private:
    Ready how_;
    int number_;
    int pipe_[2] = {-1, -1};
    NotifyListener notify_;
};

} // namespace daemonize

#endif
