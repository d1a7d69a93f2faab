// SPDX-License-Identifier: BSL-1.0
// Starts a daemon again and again the way `ssh -t HOST COMMAND` and a container's terminal do: the
// launcher leads the session of a terminal, which is hung up the moment it exits. Whoever has not
// left that session by then dies of SIGHUP, and nobody is told.
#include "start.hpp"

namespace {

using namespace peers;

constexpr char usage[] = R"(usage: lost_starts [OPTION...] [--] COMMAND ARG...

Starts COMMAND, which is to leave a daemon that serves until SIGTERM, many times as the leader of a
fresh terminal's session; the terminal is closed as soon as the launcher has exited. A start is lost
if the launcher exited with 0 and no daemon serves. {pid} and {log} in ARG stand for a pid file and a
log in a fresh directory.

  --count N            starts (200)
  --stop-with SIGNAL   what ends the daemon (TERM)
  --limit SECONDS      for a launcher to come back (10)

Prints `lost K of N`. Exit status: 0 K is 0, and every launcher exited with 0 and every daemon ended
when told to; 1 not so; 2 a wrong option.
)";

struct Options {
    Command command;
    int count = 200;
    int stop_signal = SIGTERM;
    milliseconds limit{10000};
};

class Starts {
public:
    explicit Starts(Options options) : options_(std::move(options)) {
        options_.command =
            options_.command.with(scratch_.run() + "/daemon.pid", scratch_.run() + "/daemon.log");
    }

    int run() {
        for (int n = 0; n < options_.count; ++n)
            start();
        std::cout << "lost " << lost_ << " of " << options_.count;
        if (failed_ > 0)
            std::cout << " (" << failed_ << " more starts failed: " << why_ << ")";
        if (stubborn_ > 0)
            std::cout << " (" << stubborn_ << " daemons did not end when told to)";
        std::cout << '\n';
        return lost_ + failed_ + stubborn_ == 0 ? 0 : 1;
    }

private:
    void start() {
        scratch_.renew();
        reaper_.forget();
        const auto pump = [this](milliseconds pause) {
            ::usleep(static_cast<useconds_t>(pause.count()) * 1000);
            reaper_.reap();
            return false;
        };
        Terminal terminal;
        Launch how;
        how.command = options_.command;
        how.terminal = &terminal;
        how.directory = scratch_.path();
        how.leads = Leads::session;
        const pid_t launcher = launch(how);
        const std::optional<int> status = await(launcher);
        const std::string said = terminal.said();
        terminal.hang_up();
        if (status != 0) {
            ++failed_;
            why_ = (status ? in_words(*status) : "hung") + ": " + one_line(said);
        } else {
            settle(pump, options_.limit);
            count_daemon(pump);
        }
        end_everyone(pump, reaper_);
    }

    // Sleeps in poll until the very end of the launcher: the hang-up comes without delay.
    std::optional<int> await(pid_t launcher) {
        const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, launcher, 0)));
        pollfd gone{handle.get(), POLLIN, 0};
        const bool exited = ::poll(&gone, 1, static_cast<int>(options_.limit.count())) > 0;
        leave_if_interrupted();
        reaper_.reap();
        return exited ? reaper_.status(launcher) : std::nullopt;
    }

    template <class Pump>
    void count_daemon(Pump pump) {
        const auto alive = descendants();
        if (alive.empty()) {
            ++lost_;
            return;
        }
        for (const Process& process : alive)
            signal_descendant(process.pid, options_.stop_signal);
        if (!comes_to_pass([] { return descendants().empty(); }, pump))
            ++stubborn_;
    }

    Options options_;
    Scratch scratch_;
    Reaper reaper_;
    int lost_ = 0;
    int failed_ = 0;
    int stubborn_ = 0;
    std::string why_;
};

Options read_options(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv);
    while (const auto option = arguments.option()) {
        if (*option == "--count")
            options.count = arguments.number(*option);
        else if (*option == "--stop-with")
            options.stop_signal = signal_by_name(arguments.value(*option));
        else if (*option == "--limit")
            options.limit = milliseconds(1000 * arguments.number(*option));
        else
            throw std::invalid_argument(*option + ": no such option");
    }
    options.command = arguments.command();
    return options;
}

} // namespace

int main(int argc, char** argv) {
    if (argc > 1 && (argv[1] == std::string("--help") || argv[1] == std::string("-h"))) {
        std::cout << usage;
        return 0;
    }
    try {
        const Options options = read_options(argc, argv);
        return in_own_session([&] { return Starts(options).run(); });
    } catch (const std::exception& error) {
        std::cerr << "lost_starts: " << error.what() << " (--help tells more)\n";
        return 2;
    }
}
