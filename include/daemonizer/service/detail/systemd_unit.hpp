// SPDX-License-Identifier: BSL-1.0
// Prints the systemd unit of a composition.
#ifndef DAEMONIZER_SERVICE_DETAIL_SYSTEMD_UNIT_HPP
#define DAEMONIZER_SERVICE_DETAIL_SYSTEMD_UNIT_HPP

#include <daemonizer/compose/composition.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/start/options.hpp>
#include <daemonizer/launch/auto_fork.hpp>
#include <daemonizer/service/detail/systemd_quote.hpp>
#include <daemonizer/service/detail/unit_options.hpp>
#include <daemonizer/service/detail/unit_path.hpp>
#include <daemonizer/service/detail/unit_program.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>

#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <type_traits>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The arguments that a unit repeats: those that take_option took, and those that the program names
/// itself. `verb` is the verb that was typed. If it is one of the latter, the unit's verb takes its
/// place, else the unit's verb comes first.
struct UnitArguments {
    char* const* taken = nullptr;
    char* const* taken_end = nullptr;
    const char* const* named = nullptr; ///< up to a null pointer
    const char* verb = nullptr;

    void write(UnitWriter& unit, const char* program, const char* new_verb) const {
        bool has_verb = false;
        for (auto word = named; word != nullptr && *word != nullptr; ++word)
            has_verb = has_verb || *word == verb;
        unit.word(program, unit_word::program);
        if (!has_verb)
            unit.word(new_verb, unit_word::argument);
        for (auto word = taken; word != taken_end; ++word)
            unit.word(*word, unit_word::argument);
        for (auto word = named; word != nullptr && *word != nullptr; ++word)
            unit.word(*word == verb ? new_verb : *word, unit_word::argument);
    }
};

/// Prints a unit that starts the same service as the person at the shell does: also from the same
/// directory, where the pid file's path needs that.
template <class Service>
class SystemdUnit {
    using Signals = std::remove_cvref_t<
        decltype(std::declval<const Service&>().template option<slots::signals>())>;
    using Fork = std::remove_cvref_t<
        decltype(std::declval<const Service&>().template option<slots::fork>())>;

    template <class Slot>
    using in = typename Service::template policy_in<Slot>;

    /// Whether the daemon or its launcher tells the manager when it is ready.
    static constexpr bool notifies = requires { in<slots::notify>::speaks_to_manager; };
    /// Whether it forks under systemd, which AutoFork does not.
    static constexpr bool forks = Fork::detaches && !std::is_same_v<Fork, AutoFork>;
    /// Whether the main process is a monitor, under which the daemon speaks for itself.
    static constexpr bool is_monitored = forks && requires { in<slots::monitor>::restarts; };

    /// Whether a policy leaves its lines out of the unit of this composition.
    template <class Policy>
    static constexpr auto is_left_out() -> bool {
        if constexpr (requires { Policy::template is_in_unit<Service>; })
            return !Policy::template is_in_unit<Service>;
        else
            return false;
    }

public:
    /// Returns the status to leave with: 1 where a unit cannot say all of it. Then only the reason
    /// is printed.
    static auto print(const Service& service, const char* pid_file, const char* about,
                      const UnitArguments& arguments, const UnitOptions& options) -> int {
        SystemdUnit self{service, about, arguments, options};
        if (const char* const why = detail::find_program(self.program_); why != nullptr)
            return refuse("program", why);
        self.is_relative_ = pid_file != nullptr && *pid_file != '/' && *pid_file != '\0';
        if (self.is_relative_ && ::getcwd(self.here_, sizeof self.here_) == nullptr)
            return refuse(".", detail::error_text(errno));
        if (const char* const why = detail::normal_path(self.here_, pid_file, self.pid_file_);
            why != nullptr)
            return refuse("pid file", why);
        UnitWriter trial{false};
        self.write_one(trial);
        if (trial.rejection() != nullptr)
            return refuse(trial.subject(), trial.rejection());
        UnitWriter unit{true};
        self.write_one(unit);
        return 0;
    }

private:
    SystemdUnit(const Service& service, const char* about, const UnitArguments& arguments,
                const UnitOptions& options)
        : service_{service}
        , about_{about != nullptr ? about : program_invocation_short_name}
        , arguments_{arguments}
        , options_{options} {}

    static auto refuse(const char* what, const char* why) -> int {
        std::fprintf(stderr, "%s: unit: %s: %s\n", program_invocation_short_name, what, why);
        return 1;
    }

    void command(UnitWriter& unit, const char* key, const char* verb) const {
        unit.begin(key);
        arguments_.write(unit, program_, verb);
        unit.end();
    }

    void write_one(UnitWriter& unit) const {
        if (options_.socket != nullptr)
            write_socket(unit);
        else
            write(unit);
    }

    /// systemd.socket(5): systemd keeps the socket while the service restarts.
    void write_socket(UnitWriter& unit) const {
        char name[256]{};
        const char* const address = std::strchr(options_.socket, '=') + 1;
        std::memcpy(name, options_.socket, static_cast<std::size_t>(address - 1 - options_.socket));
        unit.title("[Unit]\n");
        unit.line("Description", about_);
        unit.title("\n[Socket]\n");
        unit.line("ListenStream", address);
        unit.line("FileDescriptorName", name);
        unit.title("\n[Install]\n");
        unit.line("WantedBy", "sockets.target");
    }

    void write(UnitWriter& unit) const {
        unit.title("[Unit]\n");
        unit.line("Description", about_);
        unit.title("\n[Service]\n");
        unit.line("Type", notifies ? "notify" : forks ? "forking" : "exec");
        if (forks && !notifies)
            unit.line("PIDFile", pid_file_);
        if (is_monitored && notifies) // or systemd drops each ping, status and stored descriptor
            unit.line("NotifyAccess", "all");
        if (is_relative_)
            unit.line("WorkingDirectory", here_);
        command(unit, "ExecStart", Fork::detaches ? "start" : "run");
        if (Signals::collects(SIGHUP))
            command(unit, "ExecReload", "reload");
        if (const RuntimeDirectory runtime{pid_file_, program_invocation_short_name};
            *runtime.name() != '\0') {
            unit.begin("RuntimeDirectory");
            unit.word(runtime.name(), unit_word::directory);
            unit.end();
            if (runtime.is_shared()) // or the first instance to stop would take the others' files
                unit.line("RuntimeDirectoryPreserve", "yes");
        }
        if (options_.watchdog != nullptr) {
            unit.line("WatchdogSec", options_.watchdog);
            if (is_monitored) // passes SIGABRT on, and stays, where systemd waits for its end
                unit.line("WatchdogSignal", "SIGKILL");
        }
        write_policies(unit, service_);
        // The daemon ends its children itself; systemd kills whatever is left after it.
        unit.line("KillMode", "mixed");
        unit.line("Restart", "on-failure");
        unit.title("\n[Install]\n");
        unit.line("WantedBy", ::geteuid() == 0 ? "multi-user.target" : "default.target");
    }

    /// Prints the lines of the policies that have some.
    template <class... Policies>
    static void write_policies(UnitWriter& unit, const Composition<Policies...>& service) {
        (write_policy(unit, service.template option<typename Policies::slot>()), ...);
    }
    template <class Policy>
    static void write_policy(UnitWriter& unit, const Policy& policy) {
        if constexpr (requires { policy.unit_lines(unit); })
            if constexpr (!is_left_out<Policy>())
                policy.unit_lines(unit);
        if constexpr (!std::is_final_v<Policy> && !requires { policy.unit_lines(unit); })
            static_assert(!has_unit_lines<Policy>,
                          "daemonizer: the hook of a policy is void unit_lines(auto& unit) const");
    }

    const Service& service_;
    const char* about_;
    const UnitArguments& arguments_;
    const UnitOptions& options_;
    char program_[PATH_MAX] = "", here_[PATH_MAX] = "", pid_file_[PATH_MAX] = "";
    bool is_relative_ = false;
};

} // namespace daemonizer::detail

#endif
