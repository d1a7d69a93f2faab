// SPDX-License-Identifier: BSL-1.0
// Starts and stops a daemon many thousand times: what happens once in a million starts is found by
// search (docs/proof.md), and what grows or wears off by this.
#include "pressure.hpp"
#include "round.hpp"

namespace {

using namespace soak;

constexpr char usage[] = R"(usage: soak [OPTION...] [--] COMMAND ARG...

Starts COMMAND, which is to leave a daemon that serves until SIGTERM, as the leader of a fresh
terminal's session; looks whether the pid file names a daemon in a session of its own, which is no
child of a terminal; stops it, and looks that nothing remains. {pid} and {log} in ARG stand for a pid
file and a log. Then the same where memory and processes are scarce: such a start may be refused with
a line that gives the step and the errno.

  --starts N   with all that they need (100)
  --cycles N   with memory at its limit; half of them find no room for the first, second, third or
               fourth process, and every 50th so little memory that the kernel kills somebody (100)
  --limit SECONDS
               for a launcher to come back, and for whoever is to end (60)
  --leads      the daemon leads its session, as SingleFork's does

Exit status: 0 every promise was kept; 1 not so; 2 a wrong option; 77 cycles were asked for, and
nothing can be made scarce here: it must be root whose control groups are writable, or another user.
)";

struct Options {
    Promise promise;
    int starts = 100;
    int cycles = 100;
};

Options read_options(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv);
    while (const auto option = arguments.option()) {
        if (*option == "--starts")
            options.starts = arguments.number(*option);
        else if (*option == "--cycles")
            options.cycles = arguments.number(*option);
        else if (*option == "--limit")
            options.promise.limit = milliseconds(1000 * arguments.number(*option));
        else if (*option == "--leads")
            options.promise.leads = true;
        else
            throw std::invalid_argument(*option + ": no such option");
    }
    options.promise.command = arguments.command();
    return options;
}

bool report(const std::string& what, const Counts& counts, Clock::time_point begin) {
    const auto passed = std::chrono::duration_cast<milliseconds>(Clock::now() - begin).count();
    std::cout << what << ": " << counts.started << " started, " << counts.refused << " refused, "
              << counts.killed << " killed, " << counts.not_begun << " not begun, " << counts.lost
              << " LOST, " << counts.left << " LEFT, " << counts.wrong << " wrong, "
              << passed / 1000 << '.' << passed / 100 % 10 << " s\n";
    for (const auto& [reason, times] : counts.reasons)
        std::cout << "    " << times << "  " << reason << '\n';
    std::cout.flush();
    return counts.is_good();
}

// Also of what is interrupted.
template <class Round>
bool go_through(int number, const Options& options, const std::string& what, Round round) {
    const auto begin = Clock::now();
    Rounds rounds(options.promise);
    const auto tell = [&] {
        return report(std::to_string(rounds.number()) + " " + what, rounds.counts(), begin);
    };
    try {
        for (int i = 0; i != number; ++i)
            round(rounds, i);
    } catch (const Interrupted&) {
        tell();
        throw;
    }
    return tell();
}

bool starts(const Options& options) {
    return go_through(options.starts, options, "starts",
                      [](Rounds& rounds, int) { rounds.start({}, false); });
}

Scarcity scarcity_of(int cycle, const Pressure& pressure) {
    Scarcity scarcity;
    if (cycle % 2 == 0 && pressure.has_processes())
        scarcity.processes = 1 + cycle / 2 % 4;
    if (cycle % 50 == 49 && pressure.has_memory())
        scarcity.bytes = (10 + cycle / 50 % 16) * (24L << 10);
    return scarcity;
}

bool cycles(const Options& options, Pressure& pressure) {
    const std::string what = "cycles, " + pressure.in_words();
    return go_through(options.cycles, options, what, [&](Rounds& rounds, int cycle) {
        const Scarcity scarcity = scarcity_of(cycle, pressure);
        pressure.limit(scarcity);
        rounds.start([&] { pressure.enter(scarcity); }, scarcity.bytes > 0);
    });
}

int run(const Options& options) {
    bool is_good = true;
    if (options.starts > 0)
        is_good = in_own_session([&] { return starts(options) ? 0 : 1; }) == 0;
    if (options.cycles == 0)
        return is_good ? 0 : 1;
    Pressure pressure; // outside of the session: its reader is nobody whom a start has left
    if (!pressure.has_memory() && !pressure.has_processes()) {
        std::cout << "skipped the cycles: " << pressure.in_words() << '\n';
        return is_good ? skipped : 1;
    }
    is_good = in_own_session([&] { return cycles(options, pressure) ? 0 : 1; }) == 0 && is_good;
    return is_good ? 0 : 1;
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && (argv[1] == std::string("--help") || argv[1] == std::string("-h"))) {
        std::cout << usage;
        return 0;
    }
    try {
        return run(read_options(argc, argv));
    } catch (const std::exception& error) {
        std::cerr << "soak: " << error.what() << " (--help tells more)\n";
        return 2;
    }
}
