// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_COMMAND_LINE_HPP
#define DAEMONIZER_COMMAND_LINE_HPP

#include <daemonizer/control.hpp>
#include <daemonizer/detail/command_words.hpp>
#include <daemonizer/detail/foreground.hpp>
#include <daemonizer/detail/stop_options.hpp>
#include <daemonizer/detail/systemd_unit.hpp>
#include <daemonizer/take_option.hpp>

#include <cstring>
#include <type_traits>

namespace daemonizer {

namespace detail {

template <class Service, class Body>
class CommandLine {
    using Signals = std::remove_cvref_t<
        decltype(std::declval<const Service&>().template option<slots::signals>())>;
    using outcome = ControlResult::outcome;

    struct Verb {
        const char* name;
        auto(CommandLine::*obey)() const -> int;
        bool stops = false;
    };

public:
    CommandLine(const Service& service, Body& body, const ProgramText& text)
        : service_{service}, body_{body}, words_{text, pid_file_of(service)} {}

    auto run(int argc, char** argv) -> int {
        static constexpr Verb verbs[] = {
            {"start", &CommandLine::start},   {"stop", &CommandLine::stop, true},
            {"status", &CommandLine::status}, {"restart", &CommandLine::restart, true},
            {"reload", &CommandLine::reload}, {"try-restart", &CommandLine::try_restart, true},
            {"run", &CommandLine::stay},      {"unit", &CommandLine::unit},
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
            if (const char* const wrong = options_.take(argc, argv, verb.stops); wrong != nullptr)
                return words_.usage("bad argument ", wrong);
            programs_own_ = argv + argc;
            words_.verb = verb.name;
            return (this->*verb.obey)();
        }
        return words_.usage("there is no command ", argv[1]);
    }

private:
    auto start() const -> int { return service_.run(body_); }
    auto stay() const -> int { return foreground(service_).run(body_); }
    auto status() const -> int {
        return words_.printed(words_.status(daemonizer::status(service_)));
    }
    auto unit() const -> int {
        return words_.printed(
            print_systemd_unit(service_, words_.pid_file_path, words_.text.about, programs_own_));
    }

    auto stop() const -> int { return tell(stopped()); }
    auto restart() const -> int {
        const ControlResult old = stopped();
        return old || old.what == outcome::not_running ? start() : tell(old);
    }
    /// LSB: nothing to do is no error.
    auto try_restart() const -> int {
        const ControlResult old = stopped();
        return old.what == outcome::not_running ? 0 : old ? start() : tell(old);
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
    CommandWords words_;
    StopOptions options_;
    char* const* programs_own_ = nullptr; ///< what take_option took
};

} // namespace detail

/// Gives a program `start|stop|restart|try-restart|reload|status|run|unit|help`, with the exit
/// statuses of an init script (LSB). Returns the status to leave with; from a successful `start`
/// only in the daemon. `body` takes the daemon as `auto&`: `run` hands it another type.
template <class Service, class Body>
auto command_line(const Service& service, int argc, char** argv, Body&& body,
                  const ProgramText& text = {}) -> int {
    static_assert(Controllable<Service>,
                  "daemonizer: command_line() needs a composition with a PidFile");
    if constexpr (Controllable<Service>)
        return detail::CommandLine{service, body, text}.run(argc, argv);
    else
        return detail::lsb::usage;
}

} // namespace daemonizer

#endif
