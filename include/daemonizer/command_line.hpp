// SPDX-License-Identifier: BSL-1.0
// Makes a whole program of a service: start, stop, status and the other verbs of an init script.
#ifndef DAEMONIZER_COMMAND_LINE_HPP
#define DAEMONIZER_COMMAND_LINE_HPP

#if __cplusplus < 202002L
#error "daemonizer needs C++20: compile with -std=c++20"
#elif !__has_include(<boost/hana/tuple.hpp>)
#error "daemonizer needs the headers of Boost.Hana; Debian's package is libboost-dev"
#else

// clang-format off
#include <daemonizer/system/toolchain/macros_off.hpp>
// clang-format on

#include <daemonizer/control.hpp>
#include <daemonizer/service/detail/foreground.hpp>
#include <daemonizer/service/detail/messages.hpp>
#include <daemonizer/service/detail/started_again.hpp>
#include <daemonizer/service/detail/stop_options.hpp>
#include <daemonizer/service/detail/systemd_unit.hpp>
#include <daemonizer/service/detail/unit_options.hpp>
#include <daemonizer/service/take_option.hpp>
#include <daemonizer/supervision/listen_sockets.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstring>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

template <class Service, class Body>
class CommandLine {
    using Signals = std::remove_cvref_t<
        decltype(std::declval<const Service&>().template option<slots::signals>())>;
    using outcome = ControlResult::outcome;
    static constexpr bool has_watchdog =
        !std::is_void_v<typename Service::template policy_in<slots::watchdog>>;
    static constexpr bool has_sockets =
        std::is_same_v<typename Service::template policy_in<slots::sockets>, ListenSockets>;

    struct Verb {
        const char* name;
        auto(CommandLine::*obey)() const -> int;
        bool stops = false, may_be_lsb = false;
    };

public:
    CommandLine(const Service& service, Body& body, const ProgramText& text)
        : service_{service}, body_{body}, words_{text, daemonizer::pid_file_of(service)} {}

    auto run(int argc, char** argv) -> int {
        static constexpr Verb verbs[] = {
            {"start", &CommandLine::start, false, true},
            {"stop", &CommandLine::stop, true, true},
            {"status", &CommandLine::status},
            {"restart", &CommandLine::restart, true},
            {"reload", &CommandLine::reload},
            {"try-restart", &CommandLine::try_restart, true},
            {"run", &CommandLine::stay},
            {"unit", &CommandLine::unit},
        };
        if (argc < 2)
            return words_.usage("a command is missing", "");
        const auto is = [=](const char* verb) { return std::strcmp(argv[1], verb) == 0; };
        const bool asks_help = is("help") || is("--help") || is("-h");
        const bool asks_version = words_.text.version != nullptr && is("--version");
        if ((asks_help || asks_version) && argc > 2)
            return words_.usage("stray argument ", argv[2]);
        if (asks_help || asks_version)
            return words_.printed(asks_help ? words_.help() : words_.version());
        for (const Verb& verb : verbs) {
            if (!is(verb.name))
                continue;
            argv_ = argv;
            argc_ = argc;
            taken_end_ = taken_words.end_of(argc, argv);
            const char* const wrong =
                verb.obey == &CommandLine::unit
                    ? unit_options_.take(argc, argv, has_watchdog, has_sockets)
                    : options_.take(argc, argv, verb.stops, verb.may_be_lsb);
            if (wrong != nullptr)
                return words_.usage("bad argument ", wrong);
            words_.verb = verb.name;
            return (this->*verb.obey)();
        }
        return words_.usage("there is no command ", argv[1]);
    }

private:
    /// Where two starts meet, the later one may still find the first only when it locks the pid
    /// file: that is a failure with --lsb, too, since the first may yet fail.
    auto start() const -> int {
        using state = ServiceStatus::state;
        if (is_lsb() && !goes_on() && daemonizer::status(service_).what == state::running)
            return 0;
        return launch();
    }
    auto launch() const -> int { return service_.run(body_); }
    auto stay() const -> int { return detail::foreground(service_).run(body_); }
    auto status() const -> int {
        return words_.printed(words_.status(daemonizer::status(service_)));
    }
    auto unit() const -> int {
        const char* const* const named = words_.text.arguments;
        if (!knows_all_arguments())
            return words_.unknown_arguments();
        const UnitArguments arguments{argv_ + argc_, argv_ + taken_end_, named, argv_[1]};
        return words_.printed(SystemdUnit<Service>::print(
            service_, words_.pid_file_path, words_.text.about, arguments, unit_options_));
    }
    /// False where the program was started with more arguments than it has handed over: without an
    /// option that it read in its own way a unit would start another instance.
    auto knows_all_arguments() const -> bool {
        for (auto word = words_.text.arguments; word != nullptr && *word != nullptr; ++word)
            if (*word == argv_[0]) // the program wrote over a list that it still needs
                return false;
        const ProcessArguments all;
        return words_.text.arguments != nullptr || !(all.has(argv_[0]) || all.has(argv_[1])) ||
               all.count <= taken_end_;
    }

    auto stop() const -> int {
        const ControlResult old = stopped();
        return is_lsb() && old.what == outcome::not_running ? 0 : tell(old);
    }
    auto is_lsb() const -> bool { return options_.lsb || words_.text.lsb; }
    auto goes_on() const -> bool { return detail::is_started_again(service_); }
    auto restart() const -> int {
        if (goes_on())
            return launch();
        const ControlResult old = stopped();
        return old || old.what == outcome::not_running ? launch() : tell(old);
    }
    /// LSB: nothing to do is no error.
    auto try_restart() const -> int {
        if (goes_on())
            return launch();
        const ControlResult old = stopped();
        return old.what == outcome::not_running ? 0 : old ? launch() : tell(old);
    }
    auto reload() const -> int {
        if constexpr (Signals::collects(SIGHUP))
            return tell(daemonizer::reload(service_));
        else
            return words_.no_reload();
    }

    auto stopped() const -> ControlResult {
        if (options_.force)
            return daemonizer::stop(
                service_, {{SIGTERM, options_.timeout}, {SIGKILL, StopOptions::after_kill}});
        return daemonizer::stop(service_, {{SIGTERM, options_.timeout}});
    }
    auto tell(const ControlResult& result) const -> int {
        return words_.result(result, options_.seconds());
    }

    const Service& service_;
    Body& body_;
    Messages words_;
    StopOptions options_;
    UnitOptions unit_options_;
    char** argv_ = nullptr;
    int argc_ = 0, taken_end_ = 0; ///< what take_option took stands between
};

template <class Service, class Body>
constexpr auto takes_foreground_too() -> bool {
    using body = std::remove_reference_t<Body>;
    using Foreground = decltype(detail::foreground(std::declval<const Service&>()));
    using daemon = typename Service::running_type;
    using in_foreground = typename Foreground::running_type;
    if constexpr (takes_nothing<body>)
        return true;
    else if constexpr (detail::takes_const_daemon<std::remove_const_t<body>, daemon>())
        return true; // check_body() refuses it
    else
        return !takes_daemon<body, daemon> || takes_daemon<body, in_foreground>;
}

/// False where `Body` takes the service's daemon, but not the one of the foreground.
template <class Service, class Body>
constexpr auto takes_both_daemons() -> bool {
    if constexpr (!Controllable<Service>)
        return false;
    else
        return detail::takes_foreground_too<Service, Body>();
}

template <class...>
inline constexpr bool takes_command_line = false;
template <class Service, class Count, class Words, class Body>
inline constexpr bool takes_command_line<Service, Count, Words, Body> =
    std::is_convertible_v<Count, int>&& std::is_convertible_v<Words, char**>;
template <class Service, class Count, class Words, class Body, class Text>
inline constexpr bool takes_command_line<Service, Count, Words, Body, Text> =
    takes_command_line<Service, Count, Words, Body>&&
        std::is_convertible_v<Text, const ProgramText&>;
} // namespace detail

/// Gives a program `start|stop|restart|try-restart|reload|status|run|unit|help`, with the exit
/// statuses of an init script (LSB). Returns the status to leave with; from a successful `start`
/// only in the daemon. With `--lsb`, or ProgramText::lsb, start of a running service and stop of a
/// stopped one are successes, as the LSB wants it; without it the user learns that nothing was
/// done. `body` takes the daemon as `auto&`: `run` hands it another type.
template <class Service, class Body>
[[nodiscard]] auto command_line(const Service& service, int argc, char** argv, Body&& body,
                                const ProgramText& text = {}) -> int {
    constexpr bool is_controllable = Controllable<Service>;
    constexpr bool is_rejected = requires { Service::is_rejected; };
    static_assert(is_controllable || is_rejected,
                  "daemonizer: command_line() needs a composition with a PidFile");
    constexpr bool takes_both = detail::takes_both_daemons<Service, Body>();
    static_assert(
        !is_controllable || takes_both,
        "daemonizer: the body of command_line() takes the daemon as auto&, since run hands "
        "it another type");
    if constexpr (takes_both) {
        using body_type = std::remove_reference_t<Body>;
        if constexpr (detail::check_body<body_type, typename Service::running_type>())
            return detail::CommandLine{service, body, text}.run(argc, argv);
    }
    return detail::lsb::usage;
}

/// Refuses other arguments in one sentence.
template <class... Wrong>
    requires(!detail::takes_command_line<Wrong...>)
auto command_line(Wrong&&...) -> int {
    static_assert(
        detail::takes_command_line<Wrong...>,
        "daemonizer: command_line() takes the service, argc, argv (a char**), the body, and "
        "perhaps a text: command_line(service, argc, argv, body, {.about = \"text\"})");
    return detail::lsb::usage;
}

} // namespace daemonizer

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif // C++20

#endif
