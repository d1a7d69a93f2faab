// SPDX-License-Identifier: BSL-1.0
// Runs the real processes of a start in every order, up to a bound.
#include "search.hpp"

#include <cstring>
#include <sched.h>
#include <string_view>
#include <sys/prctl.h>

namespace {

using namespace schedule;

constexpr char usage[] = R"(usage: schedule [OPTION...] PROBE [SCENE...]

Runs the processes of each scene one at a time, lets another go on at every system call that they can
notice of each other, and judges what became of them. SCENE is the beginning of a name; all without.

  --fork NAME        single, double or handoff; all three without
  --bound N          preemptions in an execution (otherwise what the scene says: one, or none)
  --deeper           one preemption more than the scene says
  --seconds N        for each scene; of what does not fit a sample is taken (600)
  --planted BUG      in the probe: recheck, acknowledgement, byte-1, owner, parent-death,
                     handover. Status 0 if it is found
  --replay SCHEDULE  prints the trace of one execution, of the first of the scenes
  --outcomes         prints how the executions ended
  --list             prints the names of the scenes

A schedule: "12>2" process 2 goes on at point 12, "15!1:9" process 1 gets signal 9 at point 15, with
"-9" its process group; "-" the usual order. Status: 0 all promises kept, 1 one broken (its first
schedule is printed), 2 cannot be run, 77 processes cannot be traced here.
)";

struct Arguments {
    Options options;
    std::vector<std::string> forks{"single", "double", "handoff"};
    std::vector<std::string> scenes;
    int bound = -1;
    double seconds = 600;
    std::string replay;
    bool outcomes = false, list = false, deeper = false;
};

auto parse(char** argument) -> Arguments {
    Arguments all;
    const auto value = [&]() -> std::string {
        if (argument[1] == nullptr) {
            std::fputs(usage, stderr);
            std::exit(2);
        }
        return *++argument;
    };
    for (; *argument != nullptr; ++argument) {
        const std::string_view word = *argument;
        if (word == "--fork")
            all.forks = {value()};
        else if (word == "--bound")
            all.bound = std::stoi(value());
        else if (word == "--seconds")
            all.seconds = std::stod(value());
        else if (word == "--planted")
            all.options.planted = value();
        else if (word == "--replay")
            all.replay = value();
        else if (word == "--outcomes")
            all.outcomes = true;
        else if (word == "--deeper")
            all.deeper = true;
        else if (word == "--list")
            all.list = true;
        else if (word.starts_with("--")) {
            std::fputs(usage, word == "--help" ? stdout : stderr);
            std::exit(word == "--help" ? 0 : 2);
        } else if (all.options.probe.empty() && !all.list)
            all.options.probe = word;
        else
            all.scenes.emplace_back(word);
    }
    return all;
}

auto is_wanted(const Arguments& all, const Scene& scene) -> bool {
    return all.scenes.empty() ||
           std::any_of(all.scenes.begin(), all.scenes.end(), [&](const std::string& name) {
               return scene.name.starts_with(name) || scene.title().starts_with(name);
           });
}

void print(const Scene& scene, int bound, const Found& found, bool outcomes) {
    std::printf("%-34s bound %d%s: %ld executions, %.0f s", scene.title().c_str(), bound,
                scene.signals.empty() ? "" : " and a signal", found.executions, found.seconds);
    if (found.diverged != 0)
        std::printf(", %ld did not follow their schedule", found.diverged);
    if (found.left_out != 0)
        std::printf(", %s%ld left out", found.knows_all ? "" : "more than ", found.left_out);
    std::printf("\n");
    for (const auto& [kind, example] : found.violations)
        std::printf("    BROKEN: %s  [%s]  %s\n", kind.c_str(), text_of(example.first).c_str(),
                    example.second.c_str());
    if (outcomes)
        for (const auto& [text, outcome] : found.outcomes)
            std::printf("    %7ld  %s  [%s]\n", outcome.times, text.c_str(),
                        text_of(outcome.first).c_str());
    std::fflush(stdout);
}

auto replay(const Arguments& all, const Scene& scene) -> int {
    Options options = all.options;
    options.prints_trace = true;
    const Plan plan = plan_of(all.replay);
    Execution execution{options, scene, plan};
    execution.run();
    std::printf("%s\n",
                execution.diverged ? "did not follow the schedule" : execution.outcome.c_str());
    for (const Violation& violation : execution.violations)
        std::printf("BROKEN: %s  %s\n", violation.kind.c_str(), violation.detail.c_str());
    return execution.violations.empty() ? 0 : 1;
}

auto explore(const Arguments& all) -> int {
    bool broken = false, unfollowed = false, any = false;
    for (const std::string& fork : all.forks)
        for (const Scene& scene : scenes_of(fork)) {
            if (!is_wanted(all, scene))
                continue;
            any = true;
            if (all.list) {
                std::printf("%s\n", scene.title().c_str());
                continue;
            }
            if (!all.replay.empty())
                return replay(all, scene);
            const int bound = all.bound >= 0 ? all.bound : scene.bound + (all.deeper ? 1 : 0);
            const Found found = Search{all.options, scene, bound, all.seconds}.run();
            print(scene, bound, found, all.outcomes);
            broken = broken || !found.violations.empty();
            unfollowed = unfollowed || found.diverged * 100 > found.executions;
            if (broken && !all.options.planted.empty())
                return 0;
        }
    if (!any || unfollowed)
        return 2;
    return broken != all.options.planted.empty() ? 0 : 1;
}

/// Whether this process may trace another at all: not in every container, nor under qemu-user.
auto may_trace() -> bool {
    const pid_t child = ::fork();
    if (child == 0) {
        for (;;)
            ::pause();
    }
    const bool may = ::ptrace(PTRACE_SEIZE, child, 0, PTRACE_O_TRACESECCOMP) == 0;
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, __WALL);
    return may;
}

} // namespace

int main(int, char** argument) {
    Arguments all = parse(argument + 1);
    if (all.list)
        return explore(all);
    if (all.options.probe.empty()) {
        std::fputs(usage, stderr);
        return 2;
    }
    if (!may_trace()) {
        std::printf("skipped: processes cannot be traced here\n");
        return 77;
    }
    // One processor: who is let go runs at once, and nobody else does.
    cpu_set_t processors;
    ::sched_getaffinity(0, sizeof processors, &processors);
    int others = ::getpid() % CPU_COUNT(&processors); // before ours: not the same for everybody
    for (int each = 0; each != CPU_SETSIZE; ++each)
        if (CPU_ISSET(each, &processors) && others-- != 0)
            CPU_CLR(each, &processors);
    ::sched_setaffinity(0, sizeof processors, &processors);
    ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); // of launchers that have left
    char directory[] = "/tmp/schedule-XXXXXX";
    if (::mkdtemp(directory) == nullptr)
        give_up(directory);
    all.options.directory = directory;
    const int status = explore(all);
    for (const char* const name : {"/probe.pid", "/probe.pid.new"})
        ::unlink((all.options.directory + name).c_str());
    ::rmdir(directory);
    return status;
}
