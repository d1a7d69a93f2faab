// SPDX-License-Identifier: BSL-1.0
// Prints the messages of command_line(), and says which exit status goes with each.
#ifndef DAEMONIZER_SERVICE_DETAIL_MESSAGES_HPP
#define DAEMONIZER_SERVICE_DETAIL_MESSAGES_HPP

#include <daemonizer/service/control_result.hpp>
#include <daemonizer/service/service_status.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <cerrno>
#include <cstdio>
#include <ctime>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Describes a program to command_line(). Each member may be left out; the caller owns the
/// characters.
struct ProgramText {
    const char* about = nullptr;   ///< half a sentence: "writes a line every ten seconds"
    const char* options = nullptr; ///< the help for the program's own, each line with its end
    const char* version = nullptr;
    /// The arguments that a unit repeats, up to a null pointer, for a program that reads its
    /// options otherwise than by take_option() and take_flag(). If the `argv[1]` that
    /// command_line() is given is one of them (the same pointer), the unit's verb takes its place,
    /// else the verb comes first: `argv + 1` of main() is right for getopt_long().
    const char* const* arguments = nullptr;
    bool lsb = false; ///< as if --lsb were given to every start and stop
};

namespace detail {

/// Each function prints a message and returns the status to leave with.
struct Messages {
    const ProgramText& text;
    const char* pid_file_path; ///< as it is; messages show `pid_file`
    const char* verb = "";     ///< the verb, which is the step in an error's line
    PrintableText<256> shown_name{program_invocation_short_name};
    PrintableText<> shown_pid_file{pid_file_path};
    const char* name = shown_name.text(); // points into this object, which is not copied
    const char* pid_file = shown_pid_file.text();

    Messages(const ProgramText& program, const char* path) : text{program}, pid_file_path{path} {}
    Messages(const Messages&) = delete;
    auto operator=(const Messages&) -> Messages& = delete;

    auto help(std::FILE* to = stdout) const -> int {
        const char* const own = text.options != nullptr ? " [OPTION...]" : "";
        if (text.about != nullptr)
            std::fprintf(to, "%s - %s\n\n", name, text.about);
        std::fprintf(to,
                     "usage: %s start [--lsb] | run | reload | status | unit%s\n"
                     "       %s stop | restart | try-restart [--timeout SECONDS] [--force]%s\n"
                     "       %s help%s\n\n",
                     name, own, name, own, name, text.version != nullptr ? " | --version" : "");
        std::fputs("  start        detach, and return once the daemon is ready\n"
                   "  stop         SIGTERM, and wait until it is gone\n"
                   "  restart      stop if it runs, then start\n"
                   "  try-restart  restart only if it runs\n"
                   "  reload       SIGHUP: read the configuration, reopen the logs\n"
                   "  status       0 running, 1 dead with a pid file, 3 not running, 4 unknown\n"
                   "  run          stay in the foreground; Ctrl-C ends it\n"
                   "  unit         print a systemd unit\n\n"
                   "  --timeout SECONDS  how long to wait for the end (10)\n"
                   "  --force            then SIGKILL\n"
                   "  --lsb              as an init script: success where start finds it running\n"
                   "                     and stop finds it stopped\n",
                   to);
        if (text.options != nullptr)
            std::fputs(text.options, to);
        return 0;
    }

    auto version() const -> int {
        std::printf("%s %s\n", name, text.version);
        return 0;
    }

    auto usage(const char* what, const char* argument) const -> int {
        std::fprintf(stderr, "%s: %s%s\nusage: %s COMMAND [OPTION...]; try: %s --help\n", name,
                     what, argument, name, name);
        return lsb::usage;
    }

    auto no_reload() const -> int {
        std::fprintf(stderr, "%s: reload: not supported, SIGHUP would end the daemon\n", name);
        return lsb::unimplemented;
    }

    auto unknown_arguments() const -> int {
        std::fprintf(stderr,
                     "%s: unit: arguments: not all that the program was started with are known to "
                     "command_line(): take_option() or ProgramText::arguments names them\n",
                     name);
        return lsb::failed;
    }

    auto status(const ServiceStatus& now) const -> int {
        using state = ServiceStatus::state;
        switch (now.what) {
        case state::running: {
            char since[32] = "an unknown time";
            if (tm local; localtime_r(&now.since, &local) != nullptr)
                std::strftime(since, sizeof since, "%Y-%m-%d %H:%M:%S", &local);
            std::printf("%s: running, pid %d, since %s\n", name, now.pid, since);
            break;
        }
        case state::dead:
            std::printf("%s: not running, but its pid file remains: %s\n", name, pid_file);
            break;
        case state::orphaned:
            std::printf("%s: the daemon is gone, a child of it still holds %s\n", name, pid_file);
            break;
        case state::stopped:
            std::printf("%s: not running\n", name);
            break;
        case state::starting:
            std::printf("%s: being started\n", name);
            break;
        case state::unknown:
            std::fprintf(stderr, "%s: status: %s: %s\n", name, pid_file, now.reason);
            break;
        }
        return now.lsb();
    }

    /// Prints why an order failed. `waited` is how many seconds the daemon was given.
    auto result(const ControlResult& result, int waited) const -> int {
        if (result)
            return 0;
        std::fprintf(stderr, "%s: %s: ", name, verb);
        if (result.what == ControlResult::outcome::refused)
            std::fprintf(stderr, "%s: ", pid_file);
        std::fputs(result.text(), stderr);
        if (result.what == ControlResult::outcome::still_running)
            std::fprintf(stderr, " after %d s, pid %d", waited, result.pid);
        std::fputc('\n', stderr);
        return result.exit_status();
    }

    /// Returns `status`, or that of a failure if the output did not arrive.
    auto printed(int status) const -> int {
        if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0)
            return status;
        std::fprintf(stderr, "%s: stdout: cannot be written\n", name);
        return lsb::failed;
    }
};

} // namespace detail
} // namespace daemonizer

#endif
