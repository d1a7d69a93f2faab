// SPDX-License-Identifier: BSL-1.0
// Whole programs: from just before exec to a daemon that is ready, and to a launcher that has gone.
// A daemon is ready when it has done all that it does before it waits to be told to end; it says so
// by writing its pid into a FIFO (tests/peers/programs/tell_ready.h). Every other start is one of
// the program that is written by hand, so that what disturbs one disturbs the other.
//
//     peers --commands=FILE [--starts=N] [Google Benchmark's options]
//
// FILE has a line for each program: its name, a tab, and its command with {pid} for the pid file.
#include "../children.hpp"
#include "../failed_run.hpp"
#include "../statistics.hpp"

#include <algorithm>
#include <benchmark/benchmark.h>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <spawn.h>
#include <sstream>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr char reference[] = "C, by hand";

/// Programs of others may fail without our fault: that is told, and spoils nothing else.
auto is_ours(const std::string& name) -> bool {
    return name.rfind(reference, 0) == 0 || name.rfind("daemonizer", 0) == 0;
}

struct Command {
    std::string name;
    std::vector<std::string> words;
};

struct Times {
    double ready = 0, gone = 0; // in nanoseconds since just before exec
};

std::string directory, pid_file, fifo_path;
int fifo = -1;
int starts = 20;
bool broken = false;
std::vector<Command> commands;

[[noreturn]] void fail(const std::string& what) { throw std::runtime_error{what}; }

void remove_files() {
    ::unlink(pid_file.c_str());
    ::unlink((pid_file + ".lock").c_str());
    ::unlink(fifo_path.c_str());
    ::rmdir(directory.c_str());
}

void set_up() {
    std::string name = "/run/daemonizer-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr)
        ::mkdtemp((name = "/tmp/daemonizer-bench-XXXXXX").data());
    directory = name;
    pid_file = name + "/pid";
    fifo_path = name + "/ready";
    if (::mkfifo(fifo_path.c_str(), 0600) != 0 ||
        (fifo = ::open(fifo_path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC)) < 0 ||
        ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        fail(fifo_path + ": " + std::strerror(errno));
    ::setenv("PEER_READY", fifo_path.c_str(), 1);
}

auto spawn(const Command& command) -> pid_t {
    static const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    std::vector<char*> words;
    for (const std::string& word : command.words)
        words.push_back(const_cast<char*>(word.c_str()));
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    for (const int fd : {0, 1, 2})
        ::posix_spawn_file_actions_adddup2(&actions, null, fd);
    pid_t child = 0;
    const int error = ::posix_spawnp(&child, words[0], &actions, nullptr, words.data(), environ);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0)
        fail(command.words[0] + ": " + std::strerror(error));
    return child;
}

auto start(const Command& command) -> Times {
    Times times;
    pid_t daemon = 0;
    char text[32] = "";
    while (::read(fifo, text, sizeof text) > 0) { // of a start that went wrong
    }
    ::unlink(pid_file.c_str()); // some leave it
    const long long begin = now();
    const pid_t launcher = spawn(command);
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, launcher, 0));
    int status = 0;
    while (times.ready == 0 || times.gone == 0) {
        pollfd set[] = {{times.ready == 0 ? fifo : -1, POLLIN, 0},
                        {times.gone == 0 ? process : -1, POLLIN, 0}};
        if (::poll(set, 2, 5000) <= 0)
            break;
        const auto elapsed = static_cast<double>(now() - begin);
        if (set[0].revents != 0) {
            if (const ssize_t size = ::read(fifo, text, sizeof text - 1); size > 0) {
                text[size] = '\0';
                daemon = static_cast<pid_t>(std::strtol(text, nullptr, 10));
            }
            times.ready = elapsed;
        }
        if (set[1].revents != 0) {
            times.gone = elapsed;
            ::waitpid(launcher, &status, 0);
            if (status != 0)
                break;
        }
    }
    ::close(process);
    const bool started = daemon > 0 && times.gone != 0 && status == 0;
    if (started && end_daemon(daemon, status))
        return times;
    end_everybody();
    fail(command.name + (started ? ": the daemon did not end" : ": the start failed"));
}

void measure(benchmark::State& state, const Command& command, const Command& by_hand) {
    static int done = 0;
    std::fprintf(stderr, "%5d  %s\n", ++done, command.name.c_str());
    std::vector<double> ready, gone, by_hand_ready, by_hand_gone;
    try {
        for (auto _ : state) {
            const Times ours = start(command);
            const Times theirs = start(by_hand);
            ready.push_back(ours.ready);
            gone.push_back(ours.gone);
            by_hand_ready.push_back(theirs.ready);
            by_hand_gone.push_back(theirs.gone);
            state.SetIterationTime(ours.ready * 1e-9);
        }
        state.counters["ready"] = median(ready);
        state.counters["gone"] = median(gone);
        state.counters["ratio.ready"] = median_ratio(ready, by_hand_ready);
        state.counters["ratio.gone"] = median_ratio(gone, by_hand_gone);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "failed: %s\n", error.what());
        broken = broken || is_ours(command.name);
        state.SkipWithError(error.what());
    }
}

void read_commands(const std::string& path) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) {
        const auto tab = std::min(line.find('\t'), line.size());
        Command command{line.substr(0, tab), {}};
        std::istringstream words{line.substr(tab)};
        for (std::string word; words >> word; command.words.push_back(word))
            if (const auto place = word.find("{pid}"); place != std::string::npos)
                word.replace(place, 5, pid_file);
        if (!command.words.empty())
            commands.push_back(command);
    }
}

void take_options(int& argc, char** argv) {
    int kept = 1;
    for (int i = 1; i < argc; ++i) {
        const std::string option{argv[i]};
        const auto value = option.substr(std::min(option.find('=') + 1, option.size()));
        if (option.rfind("--starts=", 0) == 0)
            starts = std::max(std::atoi(value.c_str()), 1);
        else if (option.rfind("--commands=", 0) == 0)
            read_commands(value);
        else
            argv[kept++] = argv[i];
    }
    argv[argc = kept] = nullptr;
}

class OneLineEach : public benchmark::BenchmarkReporter {
public:
    auto ReportContext(const Context&) -> bool override {
        std::printf("%-36s %9s %9s %9s\n", "microseconds from exec to", "ready", "gone",
                    "/by hand");
        return true;
    }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (const std::string* const message = failure_of(run))
                std::printf("%-36s %s\n", run.benchmark_name().c_str(), message->c_str());
            else if (runs.size() == 1 || run.aggregate_name == "median")
                std::printf("%-36s %9.0f %9.0f %9.2f\n", run.run_name.function_name.c_str(),
                            run.counters.at("ready") / 1e3, run.counters.at("gone") / 1e3,
                            run.counters.at("ratio.ready").value);
        }
        std::fflush(stdout); // or the launchers of later starts would write it once more
    }
};

} // namespace

auto main(int argc, char** argv) -> int {
    try {
        set_up();
        take_options(argc, argv);
        benchmark::Initialize(&argc, argv);
        if (benchmark::ReportUnrecognizedArguments(argc, argv))
            return remove_files(), 2;
        const auto by_hand =
            std::find_if(commands.begin(), commands.end(),
                         [](const Command& command) { return command.name == reference; });
        if (by_hand == commands.end())
            fail(std::string{"no command is named "} + reference);
        for (const Command& command : commands)
            benchmark::RegisterBenchmark(
                ("program/" + command.name).c_str(),
                [&, by_hand](benchmark::State& state) { measure(state, command, *by_hand); })
                ->Iterations(starts)
                ->UseManualTime()
                ->Unit(benchmark::kMicrosecond);
        OneLineEach reporter;
        benchmark::RunSpecifiedBenchmarks(&reporter);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        broken = true;
    }
    remove_files();
    return broken ? 1 : 0;
}
