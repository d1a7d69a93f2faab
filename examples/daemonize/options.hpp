// SPDX-License-Identifier: BSL-1.0
// The command line of daemonize.
#ifndef EXAMPLES_DAEMONIZE_OPTIONS_HPP
#define EXAMPLES_DAEMONIZE_OPTIONS_HPP

#include "help.hpp"

#include <daemonizer/system/version.hpp>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <getopt.h>
#include <optional>
#include <string>

namespace daemonize {

enum class Verb { start, stop, restart, status };
enum class Ready { start, newline, notify, none };

/// Prints a line as the library does, "PROGRAM: WHAT: REASON".
inline void complain(const char* what, const char* why) {
    std::fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
}

/// Says what is wrong with the command line. Returns the status to leave with.
inline auto wrong_usage(const char* option, const char* why) -> int {
    complain(option, (std::string{why} + "; --help tells more").c_str());
    return 2;
}

struct Options {
    Verb verb = Verb::start;
    Ready ready = Ready::start;
    int descriptor = 3; ///< of Ready::newline
    int timeout = 0;    ///< in seconds; 0: not given
    const char* pid_file = nullptr;
    const char* log = "/dev/null";
    const char* directory = "/";
    std::string user, group;
    bool keep_alive = false;
    bool force = false;
    char** command = nullptr; ///< PROGRAM and its arguments, up to a null pointer

    /// Returns nothing, or the status to leave with.
    auto read(int argc, char** argv) -> std::optional<int> {
        static constexpr option known[] = {{"pid-file", required_argument, nullptr, 'p'},
                                           {"log", required_argument, nullptr, 'l'},
                                           {"user", required_argument, nullptr, 'u'},
                                           {"directory", required_argument, nullptr, 'd'},
                                           {"keep-alive", no_argument, nullptr, 'k'},
                                           {"ready", required_argument, nullptr, 'r'},
                                           {"timeout", required_argument, nullptr, 't'},
                                           {"force", no_argument, nullptr, 'f'},
                                           {"stop", no_argument, nullptr, 's'},
                                           {"restart", no_argument, nullptr, 'R'},
                                           {"status", no_argument, nullptr, 'S'},
                                           {"help", no_argument, nullptr, 'h'},
                                           {"version", no_argument, nullptr, 'V'},
                                           {nullptr, 0, nullptr, 0}};
        // "+": up to PROGRAM, whose options are its own.
        for (int letter; (letter = getopt_long(argc, argv, "+h", known, nullptr)) != -1;)
            if (const auto status = take(letter))
                return status;
        command = argv + optind;
        return objection();
    }

private:
    auto take(int letter) -> std::optional<int> {
        switch (letter) {
        case 'p':
            pid_file = optarg;
            break;
        case 'l':
            log = optarg;
            break;
        case 'u':
            return take_user(optarg);
        case 'd':
            directory = optarg;
            break;
        case 'k':
            keep_alive = true;
            break;
        case 'r':
            return take_ready(optarg);
        case 't':
            if (!take_number(optarg, timeout, 1, 1'000'000))
                return wrong_usage("--timeout", "a whole number of seconds above 0 is needed");
            break;
        case 'f':
            force = true;
            break;
        case 's':
            return take_verb(Verb::stop);
        case 'R':
            return take_verb(Verb::restart);
        case 'S':
            return take_verb(Verb::status);
        case 'h':
            return print(help);
        case 'V':
            return print("daemonize " DAEMONIZER_VERSION_STRING "\n");
        default: // getopt_long has said why
            return 2;
        }
        return std::nullopt;
    }

    auto take_verb(Verb wanted) -> std::optional<int> {
        if (verb != Verb::start && verb != wanted)
            return wrong_usage("--stop, --restart, --status", "only one of them");
        verb = wanted;
        return std::nullopt;
    }

    auto take_user(const char* text) -> std::optional<int> {
        const char* const colon = std::strchr(text, ':');
        user = colon != nullptr ? std::string{text, colon} : std::string{text};
        group = colon != nullptr ? colon + 1 : "";
        if (user.empty() || (colon != nullptr && group.empty()))
            return wrong_usage("--user", "USER or USER:GROUP is needed");
        return std::nullopt;
    }

    auto take_ready(const char* text) -> std::optional<int> {
        if (std::strcmp(text, "start") == 0)
            ready = Ready::start;
        else if (std::strcmp(text, "notify") == 0)
            ready = Ready::notify;
        else if (std::strcmp(text, "none") == 0)
            ready = Ready::none;
        else if (std::strcmp(text, "fd") == 0 ||
                 (std::strncmp(text, "fd:", 3) == 0 && take_number(text + 3, descriptor, 3, 1023)))
            ready = Ready::newline;
        else
            return wrong_usage("--ready",
                               "start, fd, fd:N with N from 3 to 1023, notify or none is needed");
        return std::nullopt;
    }

    static auto take_number(const char* text, int& number, int least, int most) -> bool {
        int value = 0;
        const char* const end = text + std::strlen(text);
        const auto [rest, error] = std::from_chars(text, end, value);
        if (error != std::errc{} || rest != end || value < least || value > most)
            return false;
        number = value;
        return true;
    }

    /// What does not fit together.
    auto objection() const -> std::optional<int> {
        const bool starts = verb == Verb::start || verb == Verb::restart;
        if (verb != Verb::start && pid_file == nullptr)
            return wrong_usage("--stop, --restart, --status", "--pid-file is needed");
        if (starts && *command == nullptr)
            return wrong_usage("PROGRAM", "is missing");
        if (!starts && *command != nullptr)
            return wrong_usage(*command, "--stop and --status take no PROGRAM");
        if (force && verb != Verb::stop && verb != Verb::restart)
            return wrong_usage("--force", "is for --stop and --restart");
        return std::nullopt;
    }

    /// Output that did not arrive is no success.
    static auto print(const char* text) -> int {
        if (std::fputs(text, stdout) >= 0 && std::fflush(stdout) == 0)
            return 0;
        std::perror("daemonize: stdout");
        return 1;
    }
};

} // namespace daemonize

#endif
