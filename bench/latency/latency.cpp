// SPDX-License-Identifier: BSL-1.0
// What a start costs, for every combination of fork, stdio, pid and signal policy, beside the same
// start written by hand, daemon(3) and the bare system calls. All of them take turns, so that what
// disturbs one disturbs the others; what is compared was measured a moment apart.
//
//     latency [--starts=N] [--sizes=FILE] [--without-axes] [Google Benchmark's options]
#include "../failed_run.hpp"
#include "launch.hpp"
#include "starts.hpp"
#include "subjects.hpp"

#include "../statistics.hpp"

#include <algorithm>
#include <array>
#include <benchmark/benchmark.h>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace latency {
namespace {

struct Settings {
    int starts = 20;
    bool axes = true;
    std::map<std::string, double> bytes; ///< by name, see bench/size
};
Settings settings;
bool broken = false;

/// The starts of one kind, in the order in which they were made.
struct Series {
    const char* name;
    std::function<void()> start;
    std::vector<Times> times{};

    void report(benchmark::State& state, const Series& ours) const {
        report(state, ours, "body", &Times::body);
        report(state, ours, "written", &Times::written);
        report(state, ours, "known", &Times::known);
        report(state, ours, "gone", &Times::gone);
    }

private:
    void report(benchmark::State& state, const Series& ours, const char* moment,
                double Times::*of) const {
        const std::string key = std::string{name} + "." + moment;
        const std::vector<double> values = all(of);
        if (median(values) <= 0)
            return; // there is no such moment
        state.counters[key] = median(values);
        if (const double ratio = median_ratio(ours.all(of), values); this != &ours && ratio > 0)
            state.counters["ratio." + key] = ratio;
    }

    auto all(double Times::*of) const -> std::vector<double> {
        std::vector<double> values;
        for (const Times& each : times)
            values.push_back(each.*of);
        return values;
    }
};

void show_progress(const std::string& name) {
    static long long last = 0;
    static int done = 0;
    ++done;
    if (now() - last < 1'000'000'000)
        return;
    last = now();
    std::fprintf(stderr, "%5d  %s\n", done, name.c_str());
}

void compare(benchmark::State& state, const Subject& subject, const Burden& carried) {
    burden = carried;
    const bool has_launcher = subject.forks != 0;
    std::vector<Series> series{{"ours", subject.ours}, {"by_hand", subject.by_hand}};
    if (has_launcher) {
        series.push_back({"libc", start_libc});
        series.push_back({"bare", [&] { start_bare(subject.forks); }});
    }
    try {
        // Nobody always follows the same one, nor comes first where a process makes few starts.
        static auto first = static_cast<std::size_t>(::getpid());
        for (auto _ : state) {
            for (std::size_t i = 0; i != series.size(); ++i) {
                auto& next = series[(first + i) % series.size()];
                next.times.push_back(launch(next.start, has_launcher));
            }
            ++first;
            const Times& ours = series[0].times.back();
            state.SetIterationTime((has_launcher ? ours.gone : ours.known) * 1e-9);
        }
        for (const Series& each : series)
            each.report(state, series[0]);
        static std::map<std::string, std::array<int, 2>> counted;
        const auto [calls, is_new] = counted.try_emplace(subject.name);
        if (is_new)
            calls->second = {calls_of(subject.ours), calls_of(subject.by_hand)};
        state.counters["ours.calls"] = calls->second[0];
        state.counters["by_hand.calls"] = calls->second[1];
        if (const auto size = settings.bytes.find(subject.name); size != settings.bytes.end())
            state.counters["bytes"] = size->second;
    } catch (const Broken& error) {
        std::fprintf(stderr, "failed: %s: %s\n", subject.name.c_str(), error.what());
        broken = true;
        state.SkipWithError(error.what());
    }
    show_progress(subject.name);
}

void enlist(const Subject& subject, const std::string& axis, const Burden& carried, int starts) {
    auto* const benchmark =
        benchmark::RegisterBenchmark((subject.name + axis).c_str(), [=](benchmark::State& state) {
            compare(state, subject, carried);
        });
    benchmark->Iterations(std::max(starts, 1))->UseManualTime()->Unit(benchmark::kMicrosecond);
}

auto available_megabytes() -> std::size_t {
    std::ifstream file{"/proc/meminfo"};
    std::string word;
    while (file >> word)
        if (std::size_t kilobytes; word == "MemAvailable:" && file >> kilobytes)
            return kilobytes / 1024;
    return 0;
}

/// One combination for each fork policy, with more and more to carry. With memory one start a
/// process for all, since one with a gigabyte, which has swept the caches, is not to be compared
/// with one in a row of many.
void enlist_axes(const Subject& subject) {
    for (const std::size_t megabytes : {0, 64, 256, 1024, 4096}) {
        // 4 GB take long to be written: only where the question is what does not grow.
        if (available_megabytes() < 3 * megabytes ||
            (megabytes == 4096 && subject.name.rfind("HandoffFork", 0) != 0))
            continue;
        const std::string axis = "/memory:" + std::to_string(megabytes) + "MB";
        enlist(subject, axis, {megabytes, false, 0}, 1);
        if (megabytes != 0 && megabytes != 4096)
            enlist(subject, axis + "/written", {megabytes, true, 0}, 1);
    }
    for (const int descriptors : {0, 1000})
        enlist(subject, "/descriptors:" + std::to_string(descriptors), {0, false, descriptors},
               settings.starts);
}

void enlist_all() {
    for (const Subject& subject : subjects()) {
        enlist(subject, "", {}, settings.starts);
        if (settings.axes && subject.name.ends_with("/NullStdio/NoPidFile/DefaultSignals"))
            enlist_axes(subject);
    }
}

/// Lines of a name, a tab and bytes.
void read_sizes(const std::string& path) {
    std::ifstream file{path};
    std::string name;
    for (double bytes = 0; file >> name >> bytes;)
        settings.bytes[name] = bytes;
}

/// Takes our own options out of the command line.
void take_options(int& argc, char** argv) {
    int kept = 1;
    for (int i = 1; i < argc; ++i) {
        const std::string option{argv[i]};
        const auto value = option.substr(std::min(option.find('=') + 1, option.size()));
        if (option.rfind("--starts=", 0) == 0)
            settings.starts = std::max(std::atoi(value.c_str()), 1);
        else if (option.rfind("--sizes=", 0) == 0)
            read_sizes(value);
        else if (option == "--without-axes")
            settings.axes = false;
        else
            argv[kept++] = argv[i];
    }
    argv[argc = kept] = nullptr;
}

/// A line a benchmark: its medians, and how they stand to the program that is written by hand.
class OneLineEach : public benchmark::BenchmarkReporter {
public:
    auto ReportContext(const Context&) -> bool override {
        std::printf("%-52s %9s %9s %9s %9s %6s\n", "microseconds from the call to", "body", "known",
                    "gone", "/by hand", "calls");
        std::fflush(stdout);
        return true;
    }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const Run& run : runs) {
            if (const std::string* const message = failure_of(run))
                std::printf("%-52s %s\n", run.benchmark_name().c_str(), message->c_str());
            else if (runs.size() == 1 || run.aggregate_name == "median")
                print(run);
        }
        std::fflush(stdout); // or the launchers of later starts would write it once more
    }

private:
    static void print(const Run& run) {
        const auto value = [&](const char* key) {
            const auto found = run.counters.find(key);
            return found == run.counters.end() ? 0 : found->second.value;
        };
        const char* const last =
            value("ours.gone") > 0 ? "ratio.by_hand.gone" : "ratio.by_hand.known";
        std::printf("%-52s %9.1f %9.1f %9.1f %9.2f %6.0f\n", run.run_name.str().c_str(),
                    value("ours.body") / 1e3, value("ours.known") / 1e3, value("ours.gone") / 1e3,
                    value(last), value("ours.calls"));
    }
};

auto run(int argc, char** argv) -> int {
    take_options(argc, argv);
    benchmark::Initialize(&argc, argv);
    if (benchmark::ReportUnrecognizedArguments(argc, argv))
        return 2;
    set_up();
    enlist_all();
    OneLineEach reporter;
    if (benchmark::RunSpecifiedBenchmarks(&reporter) == 0)
        broken = true;
    tear_down();
    return broken ? 1 : 0;
}

} // namespace
} // namespace latency

auto main(int argc, char** argv) -> int {
    try {
        return latency::run(argc, argv);
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s: %s\n", argv[0], error.what());
        return 1;
    }
}
