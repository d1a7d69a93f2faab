// SPDX-License-Identifier: BSL-1.0
// One execution of a scene along one plan, from the first program to the start afterwards.
#ifndef DAEMONIZER_TESTS_SCHEDULE_EXECUTION_HPP
#define DAEMONIZER_TESTS_SCHEDULE_EXECUTION_HPP

#include "plan.hpp"
#include "scene.hpp"
#include "verdict.hpp"

namespace schedule {

/// A step of the stage that is explored: who could have gone on instead, and whom a signal could
/// have met.
struct Point {
    std::vector<int> others;
    std::vector<int> targets;
};

struct Options {
    std::string probe;
    std::string planted;
    std::string directory;
    bool prints_trace = false;
};

class Execution {
public:
    Execution(const Options& options, const Scene& scene, const Plan& plan)
        : options_{options}
        , scene_{scene}
        , plan_{plan}
        , pid_file_{options.directory + "/probe.pid"} {
        world_.at_call = [this](Process& process) { watch_.at_call(process); };
        if (options.prints_trace)
            world_.trace = [this](const Process& process, const std::string& text) {
                std::printf("%5zu  %-28s %s\n", points.size(), watch_.name_of(process).c_str(),
                            text.c_str());
            };
    }

    void run() {
        ::unlink(pid_file_.c_str());
        ::unlink((pid_file_ + ".new").c_str());
        for (const std::string& verb : scene_.before) {
            spawn(verb, true);
            go_on(false);
        }
        if (scene_.names_the_stranger)
            name_the_stranger();
        first_met_ = world_.actors.size();
        for (const std::string& verb : scene_.meet)
            spawn(verb, false);
        go_on(true);
        diverged = diverged || next_ != plan_.size();
        if (diverged || hangs_)
            return;
        Verdict verdict{world_, watch_, pid_file_};
        verdict.judge();
        outcome = verdict.outcome();
        const Process* const daemon = verdict.daemon();
        const bool worker =
            daemon == nullptr && verdict.has_worker() && PidFileSeen{pid_file_}.byte_0_is_held;
        if (options_.prints_trace)
            std::printf("       a start afterwards\n");
        const int actor = spawn("serve", false);
        go_on(false);
        verdict.judge_start_afterwards(actor, daemon, worker);
    }

    std::vector<Point> points;
    std::vector<Violation> violations;
    std::string outcome = "hangs";
    bool diverged = false; ///< the plan does not fit what the processes did

private:
    static constexpr long step_limit = 50'000;
    static constexpr long long short_sleep = 100'000'000; ///< may end before others go on

    auto spawn(const std::string& verb, bool was_at_rest) -> int {
        Actor actor;
        actor.command = {options_.probe, verb, pid_file_, scene_.fork, options_.planted};
        actor.verb = verb;
        actor.was_at_rest = was_at_rest;
        actor.ignored = scene_.ignored;
        return world_.spawn(actor);
    }

    void name_the_stranger() {
        const int fd = ::open(pid_file_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
        const std::string text = std::to_string(world_.processes.front().pid) + "\n";
        if (fd < 0 || ::write(fd, text.data(), text.size()) < 0)
            give_up(pid_file_);
        ::close(fd);
    }

    /// Until nobody can go on any more.
    void go_on(bool explores) {
        Process* current = nullptr;
        const long begun = world_.steps;
        for (;;) {
            Process* const usual = usual_next(current);
            if (usual == nullptr)
                return;
            if (world_.steps - begun > step_limit) {
                hangs_ = true;
                return watch_.violate("nobody comes to an end", watch_.name_of(*usual));
            }
            Process* next = usual;
            if (explores) {
                const int point = static_cast<int>(points.size());
                points.push_back(point_at(*usual));
                if (departs(point, true)) {
                    send_signal(plan_[next_++]);
                    current = nullptr;
                    points.back().targets.clear();
                    if (departs(point, false) || usual->state == State::gone)
                        diverged = true;
                    if (diverged)
                        return;
                    continue;
                }
                if (departs(point, false)) {
                    next = process(plan_[next_++].process);
                    if (next == nullptr || !can_go_on(*next)) {
                        diverged = true;
                        return;
                    }
                }
            }
            advance(*next);
            current = next;
        }
    }

    /// Who runs goes on until it sleeps; then the one that was made first; then the next time to
    /// end.
    auto usual_next(Process* current) -> Process* {
        if (current != nullptr && (current->state == State::held || current->state == State::dead))
            return current;
        for (Process& process : world_.processes)
            if (process.state == State::held || process.state == State::dead)
                return &process;
        Process* first = nullptr;
        for (Process& process : world_.processes)
            if (can_go_on(process) && (first == nullptr || process.deadline < first->deadline))
                first = &process;
        return first;
    }

    static auto can_go_on(const Process& process) -> bool {
        return process.state == State::held || process.state == State::dead ||
               (process.state == State::asleep && process.deadline >= 0);
    }

    auto point_at(const Process& usual) -> Point {
        Point point;
        const bool matters = usual.state != State::held || reach_of(usual.call) != Reach::nobody;
        for (const Process& process : world_.processes) {
            const bool soon =
                process.state != State::asleep || process.deadline - world_.now <= short_sleep;
            if (matters && &process != &usual && can_go_on(process) && soon)
                point.others.push_back(process.index);
            if (is_target(process))
                point.targets.push_back(process.index);
        }
        return point;
    }

    auto is_target(const Process& process) const -> bool {
        if (!process.lives() || process.is_stranger)
            return false;
        const bool met = static_cast<std::size_t>(process.actor) >= first_met_;
        return scene_.to_the_daemon_before ? !met : met;
    }

    auto departs(int point, bool by_signal) const -> bool {
        return next_ < plan_.size() && plan_[next_].point == point &&
               (plan_[next_].signal != 0) == by_signal;
    }

    void send_signal(const Departure& departure) {
        Process* const target = process(departure.process);
        if (target == nullptr || !target->lives()) {
            diverged = true;
            return;
        }
        const int number = std::abs(departure.signal);
        const pid_t to = departure.signal > 0 ? target->pid : -::getpgid(target->pid);
        for (Process& other : world_.processes)
            if (other.lives() && (to > 0 ? other.pid == to : ::getpgid(other.pid) == -to))
                note_event(other, number);
        world_.trace(*target, "gets signal " + std::to_string(departure.signal) + " from outside");
        world_.send(to, number);
    }

    static void note_event(Process& process, int number) {
        process.signal_of_event = number;
        process.was_leaving = process.state == State::held && process.call == SYS_exit_group;
    }

    void advance(Process& process) {
        if (process.state == State::dead)
            world_.bury(process);
        else if (process.state == State::asleep)
            world_.end_sleep(process);
        else
            world_.step(process);
    }

    auto process(int index) -> Process* {
        const auto place = static_cast<std::size_t>(index);
        return place < world_.processes.size() ? &world_.processes[place] : nullptr;
    }

    const Options& options_;
    const Scene& scene_;
    const Plan& plan_;
    std::string pid_file_;
    World world_;
    Watch watch_{world_, pid_file_, violations};
    std::size_t next_ = 0; ///< of the plan
    std::size_t first_met_ = 0;
    bool hangs_ = false;
};

} // namespace schedule

#endif
