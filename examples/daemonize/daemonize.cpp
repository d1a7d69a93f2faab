// SPDX-License-Identifier: BSL-1.0
// daemonize: makes a daemon of any program that stays in the foreground, as daemonize(1),
// libslack's daemon(1) and start-stop-daemon --background do, and says whether that has worked.
//
//     $ ./daemonize --pid-file /run/x.pid --log /var/log/x.log --ready notify -- x --foreground
//     $ ./daemonize --stop --pid-file /run/x.pid
//
// Which policies a start has is known only once the options are read. A composition is a type, so
// each with_...() below chooses one policy more, and the last starts what was chosen.
#include "control.hpp"
#include "options.hpp"
#include "pass_pid_file.hpp"
#include "program.hpp"
#include "watchman.hpp"

#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstring>
#include <optional>

using namespace daemonizer;

namespace {

using daemonize::Options;
using daemonize::PassPidFile;
using daemonize::Program;
using daemonize::Ready;

/// What is sent to the pid file's number is the program's.
using Passed = SignalFd<SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH,
                        SIGALRM, SIGTSTP, SIGTTIN, SIGTTOU, SIGCHLD>;

/// The program takes this process's place, with its number and its pid file. Returns only where
/// that fails.
auto become(const Program& program, auto& daemon) -> int {
    if (daemon.pass_pid_file() != 0)
        return daemon.fail(1, std::string{"pid file: "} + std::strerror(errno));
    daemon.ready();
    const int error = program.execute();
    daemonize::complain(program.name().c_str(), std::strerror(error));
    return Program::status_of(error);
}

struct Start {
    const Options& options;
    const Program& program;

    auto with_chosen(const auto&... chosen) const -> int {
        const Daemonizer service{LogStdio{options.log}, WorkingDirectory{options.directory},
                                 Passed{}, PassPidFile{}, chosen...};
        return service.run([this](auto& daemon) {
            return options.ready == Ready::none
                       ? become(program, daemon)
                       : daemonize::Watchman{daemon, program, options}.run();
        });
    }
    auto with_pid_file(const auto&... chosen) const -> int {
        return options.pid_file != nullptr ? with_chosen(chosen..., PidFile{options.pid_file})
                                           : with_chosen(chosen...);
    }
    auto with_user(const auto&... chosen) const -> int {
        return options.user.empty() ? with_pid_file(chosen...)
                                    : with_pid_file(chosen..., RunAs{options.user, options.group});
    }
    auto with_monitor() const -> int {
        return options.keep_alive ? with_user(Monitor<10, 60>{}) : with_user();
    }
};

/// `argv`: of this program. What runs is stopped only for a program that is there.
auto start(const Options& options, char** argv) -> int {
    Program program{options.command};
    if (const int error = program.find(); error != 0) {
        daemonize::complain(options.command[0], std::strerror(error));
        return Program::status_of(error);
    }
    if (options.verb == daemonize::Verb::restart)
        return daemonize::restart(options, argv);
    return Start{options, program}.with_monitor();
}

} // namespace

int main(int argc, char** argv) {
    Options options;
    if (const auto status = options.read(argc, argv))
        return *status;
    switch (options.verb) {
    case daemonize::Verb::stop:
        return daemonize::stop(options);
    case daemonize::Verb::status:
        return daemonize::status(options);
    case daemonize::Verb::restart:
    case daemonize::Verb::start:
        break;
    }
    return start(options, argv);
}
