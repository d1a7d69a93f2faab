// SPDX-License-Identifier: BSL-1.0
// --stop, --status and --restart.
#ifndef EXAMPLES_DAEMONIZE_CONTROL_HPP
#define EXAMPLES_DAEMONIZE_CONTROL_HPP

#include "options.hpp"

#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/auxv.h>
#include <unistd.h>

namespace daemonize {

inline auto status(const Options& options) -> int {
    using state = daemonizer::ServiceStatus::state;
    const auto now = daemonizer::status(options.pid_file);
    if (now.what == state::unknown)
        complain(options.pid_file, now.text());
    else if (now.what == state::running)
        std::printf("%s: %s, pid %d\n", options.pid_file, now.text(), now.pid);
    else
        std::printf("%s: %s\n", options.pid_file, now.text());
    return std::fflush(stdout) == 0 ? now.lsb() : 4;
}

/// A program that has taken the place of daemonize (--ready none) leaves its pid file. It is taken
/// as a start takes it, and given back, so that the file of a start meanwhile stays.
inline void remove_stale(const char* pid_file) {
    using namespace daemonizer;
    if (daemonizer::status(pid_file).what != ServiceStatus::state::dead)
        return;
    const Daemonizer nobody{NoFork{},          PidFile{pid_file}, KeepStdio{},  KeepUmask{},
                            KeepDescriptors{}, KeepDirectory{},   KeepSignals{}};
    if (auto taken = nobody.start())
        taken->ready();
}

inline auto stop(const Options& options) -> int {
    constexpr int usual = 10, after_kill = 5;
    const int seconds = options.timeout != 0 ? options.timeout : usual;
    const auto result =
        options.force
            ? daemonizer::stop(options.pid_file, {{SIGTERM, seconds}, {SIGKILL, after_kill}})
            : daemonizer::stop(options.pid_file, {{SIGTERM, seconds}});
    if (result)
        remove_stale(options.pid_file);
    else
        complain(options.pid_file, result.text());
    return result.exit_status();
}

/// Whether it is the option, or an abbreviation, which getopt_long(3) takes, too, if it is clear.
inline auto stands_for(const char* word, const char* option) -> bool {
    return std::strlen(word) > std::strlen("--") &&
           std::strncmp(word, option, std::strlen(word)) == 0;
}

/// Stops what runs, and executes this program again without --restart. So the start is an ordinary
/// one, which a monitor may repeat: that must not stop itself.
inline auto restart(const Options& options, char** argv) -> int {
    if (daemonizer::status(options.pid_file).what == daemonizer::ServiceStatus::state::running)
        if (const int status = stop(options); status != 0 && status != 7) // 7: gone by itself
            return status;
    char** kept = argv + 1;
    for (char** word = kept; *word != nullptr; ++word)
        if (word >= options.command ||
            !(stands_for(*word, "--restart") || stands_for(*word, "--force")))
            *kept++ = *word;
    *kept = nullptr;
    const auto* const path = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
    execv(path != nullptr ? path : "/proc/self/exe", argv);
    complain("restart", std::strerror(errno));
    return 1;
}

} // namespace daemonize

#endif
