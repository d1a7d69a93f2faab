// SPDX-License-Identifier: BSL-1.0
// What must hold when everybody is at rest, by what an outsider sees: statuses, lines, processes,
// the pid file and its locks.
#ifndef DAEMONIZER_TESTS_SCHEDULE_VERDICT_HPP
#define DAEMONIZER_TESTS_SCHEDULE_VERDICT_HPP

#include "watch.hpp"

namespace schedule {

class Verdict {
public:
    Verdict(World& world, Watch& watch, const std::string& pid_file)
        : world_{world}, watch_{watch}, pid_file_{pid_file} {}

    /// Judges the programs of the scene.
    void judge() {
        for (std::size_t i = 0; i != world_.actors.size(); ++i)
            judge_program(static_cast<int>(i));
        judge_children();
        judge_file();
    }

    /// Judges a start that was made when all of that was over: the service can be started again.
    void judge_start_afterwards(int actor, const Process* daemon_before, bool worker_before) {
        const Process& launcher = first_of(actor);
        const std::string said = world_.said_by(program(actor));
        if (launcher.lives())
            return watch_.violate("a start afterwards hangs", describe_call(launcher));
        const bool started = has_said_0(launcher);
        if (daemon_before != nullptr) {
            const std::string name =
                "already running, pid " + std::to_string(watch_.owner_of(*daemon_before)) + "\n";
            if (started)
                watch_.violate("a start afterwards says 0 beside a daemon", "");
            else if (said.find(name) == std::string::npos)
                watch_.violate("a start afterwards does not name the daemon", said);
            if (!daemon_before->lives())
                watch_.violate("a start afterwards ends the daemon", "");
        } else if (worker_before) {
            if (started || said.find("a child of it still holds") == std::string::npos)
                watch_.violate("a start afterwards does not speak of the worker", said);
        } else if (!started) {
            watch_.violate("a start afterwards fails", said);
        }
    }

    auto daemon() const -> const Process* {
        for (const Process& process : world_.processes)
            if (process.is_serving())
                return &process;
        return nullptr;
    }
    auto has_worker() const -> bool {
        return any([](const Process& process) { return process.is_worker && process.lives(); });
    }

    /// In a word or two for each program, to count the kinds of ends.
    auto outcome() const -> std::string {
        std::string text;
        for (const Actor& actor : world_.actors)
            text += actor.verb + " " + end_of(first_of(actor)) + ", ";
        const PidFileSeen file{pid_file_};
        const Process* const serving = daemon();
        return text + (serving != nullptr ? "a daemon serves" : "nobody serves") +
               (!file.exists        ? ", no file"
                : file.text.empty() ? ", empty file"
                                    : ", a number");
    }

private:
    void judge_program(int number) {
        const Actor& actor = program(number);
        const Process& first = first_of(number);
        if (actor.verb == "stranger") {
            if (!first.lives())
                watch_.violate("the stranger is dead", "");
            return;
        }
        if (first.lives())
            return watch_.violate("a program hangs: " + kind_of(actor),
                                  watch_.name_of(first) + " in " + describe_call(first));
        const bool disturbed = any([&](const Process& process) {
            return process.actor == number && process.signal_of_event != 0;
        });
        if (actor.verb == "stop")
            return judge_stop(first);
        if (actor.verb == "status")
            return judge_status(actor, first);
        if (actor.verb == "ask-upgrade")
            return;
        if (first.end_code == CLD_EXITED && first.end_status == 0)
            return judge_started(number);
        judge_failed(number, first, disturbed);
    }

    void judge_started(int number) {
        const Process* daemon = nullptr;
        for (const Process& process : world_.processes)
            if (process.actor == number && process.said_ready && !process.is_worker &&
                !process.is_trial)
                daemon = &process;
        if (daemon == nullptr)
            return watch_.violate("a launcher says 0 and there was no daemon", "");
        const bool was_ended = daemon->signal_of_event != 0 || daemon->signal_of_stop != 0 ||
                               daemon->ends || daemon->end_code == CLD_KILLED;
        if (!daemon->lives() && !was_ended)
            watch_.violate("a launcher says 0 and its daemon left by itself", end_of(*daemon));
        if (!world_.said_by(program(number)).empty())
            watch_.violate("a launcher says 0 and a reason", world_.said_by(program(number)));
    }

    void judge_failed(int number, const Process& first, bool disturbed) {
        const bool killed = first.end_code == CLD_KILLED && first.end_status == SIGKILL;
        // Once it has nothing left but its exit, the daemon knows that it is started.
        const bool too_late = killed && first.was_leaving;
        for (const Process& process : world_.processes)
            if (process.actor == number && process.lives() && !too_late &&
                !(killed && process.is_worker))
                watch_.violate(killed ? "a process outlives a killed launcher"
                                      : "a process outlives a failed start",
                               watch_.name_of(process) + ", launcher " + end_of(first));
        const std::string said = world_.said_by(program(number));
        const auto lines = std::count(said.begin(), said.end(), '\n');
        if (lines != 1 && !(first.end_code == CLD_KILLED && disturbed))
            watch_.violate("a failed start does not say one line", end_of(first) + ": " + said);
    }

    void judge_stop(const Process& stop) {
        if (stop.end_code != CLD_EXITED)
            return;
        const bool one_lives = any([](const Process& process) {
            return process.signal_of_stop != 0 && process.lives() && !process.is_worker;
        });
        if (stop.end_status == 0 && one_lives)
            watch_.violate("stop says done and the daemon lives", "");
        const bool served_all_along = any([&](const Process& process) {
            return process.is_serving() && process.actor < stop.actor && at_rest_before(process);
        });
        if (stop.end_status != 0 && served_all_along)
            watch_.violate("stop finds no daemon though one serves all the time",
                           world_.said_by(program(stop.actor)));
    }

    void judge_status(const Actor& actor, const Process& status) {
        if (status.end_code != CLD_EXITED)
            return;
        const bool serves = any([&](const Process& process) {
            return process.is_serving() && at_rest_before(process);
        });
        if (serves && status.end_status != 40)
            watch_.violate("status does not see a daemon that serves all the time",
                           world_.said_by(actor));
    }

    /// A trial ends with its daemon, a daemon with its monitor; and who is left serves.
    void judge_children() {
        for (const Process& process : world_.processes) {
            if (!process.lives())
                continue;
            const std::string& verb = program(process.actor).verb;
            if (process.is_trial)
                watch_.violate("a trial stays", watch_.name_of(process));
            const Process* const parent = world_.by_pid(parent_of(process.pid));
            if (verb == "monitored" && process.has_body && (parent == nullptr || !parent->lives()))
                watch_.violate("a daemon outlives its monitor", watch_.name_of(process));
            if ((verb == "monitored" || verb == "upgradable") && daemon() == nullptr)
                watch_.violate("a process is left and nobody serves", watch_.name_of(process));
        }
    }

    void judge_file() {
        const PidFileSeen file{pid_file_};
        const Process* const serving = daemon();
        if (serving != nullptr) {
            if (!file.is_of(watch_.owner_of(*serving)))
                watch_.violate("a daemon at rest has not its pid file", file.describe());
            return;
        }
        if (file.byte_1_holder != 0 || (file.byte_0_is_held && !has_worker()))
            watch_.violate("nobody serves and the pid file is locked", file.describe());
        // Nobody is left to remove it after these.
        const bool excused = any([](const Process& process) {
            return process.end_code == CLD_KILLED && process.end_status == SIGKILL;
        });
        const bool stranger = any([](const Process& process) { return process.is_stranger; });
        if (file.exists && !excused && !stranger)
            watch_.violate("nobody serves and the pid file stays", file.describe());
        if (PidFileSeen{pid_file_ + ".new"}.exists && !excused)
            watch_.violate("a draft of the pid file stays", "");
    }

    auto at_rest_before(const Process& process) const -> bool {
        return program(process.actor).was_at_rest;
    }
    template <class Test>
    auto any(Test test) const -> bool {
        return std::any_of(world_.processes.begin(), world_.processes.end(), test);
    }
    auto program(int number) const -> const Actor& {
        return world_.actors[static_cast<std::size_t>(number)];
    }
    auto first_of(const Actor& actor) const -> const Process& {
        return world_.processes[static_cast<std::size_t>(actor.first)];
    }
    auto first_of(int number) const -> const Process& { return first_of(program(number)); }
    static auto has_said_0(const Process& process) -> bool {
        return process.end_code == CLD_EXITED && process.end_status == 0;
    }
    static auto kind_of(const Actor& actor) -> std::string {
        return Watch::is_start(actor) ? "a start" : actor.verb;
    }
    static auto end_of(const Process& process) -> std::string {
        return process.lives()                  ? "lives"
               : process.end_code == CLD_EXITED ? std::to_string(process.end_status)
                                                : "signal " + std::to_string(process.end_status);
    }

    World& world_;
    Watch& watch_;
    const std::string& pid_file_;
};

} // namespace schedule

#endif
