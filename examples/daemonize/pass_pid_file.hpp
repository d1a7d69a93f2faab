// SPDX-License-Identifier: BSL-1.0
// A policy that leaves the pid file to the program that takes the daemon's place.
#ifndef EXAMPLES_DAEMONIZE_PASS_PID_FILE_HPP
#define EXAMPLES_DAEMONIZE_PASS_PID_FILE_HPP

#include <daemonizer/policy.hpp>

#include <fcntl.h>
#include <unistd.h>

namespace daemonize {

/// Brings `daemon.pass_pid_file()`.
struct PassPidFile {
    struct slot : daemonizer::own_slot {
        static constexpr const char* name = "pass pid file";
    };
    using steps = daemonizer::step_list<>;

    template <class Base>
    struct members : Base {
        using Base::Base;

        /// execve(2) keeps the process and its locks, as long as the file stays open. Where a
        /// monitor holds the file nothing is passed on. Returns 0, or -1 and errno.
        auto pass_pid_file() -> int {
            auto& file = this->template state_in<daemonizer::slots::pid>();
            if constexpr (requires { file.owner; })
                if (file.owner == getpid())
                    return fcntl(file.fd, F_SETFD, 0);
            return 0;
        }
    };
};
static_assert(daemonizer::Policy<PassPidFile>);

} // namespace daemonize

#endif
