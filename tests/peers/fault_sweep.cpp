// SPDX-License-Identifier: BSL-1.0
// Makes every system call of a daemon's start fail once, and judges what became of the start.
#include "watch.hpp"

#include <iterator>
#include <random>

namespace {

using namespace peers;

constexpr char usage[] = R"(usage: fault_sweep [OPTION...] [--] COMMAND ARG...

Starts COMMAND, which is to leave a daemon that serves until SIGTERM, and counts the system calls of
the whole tree of processes: from the beginning of main (what the dynamic loader does is left out, and
for a program that does access("/daemon-peers/main-begins") whatever comes before) until the launcher
has gone and everyone who is left waits. Then starts it once more for each of those calls and makes
exactly that one fail. {pid} and {log} in ARG stand for a pid file and a log in a fresh directory.

A fault is handled if it is
  reported    launcher's status not 0, a reason on the terminal, and nothing left: no process, no file
  tolerated   launcher's status 0, and a daemon as whole as without the fault
and otherwise
  lost        launcher's status 0, but no daemon
  mute        status not 0 without a reason        hung        the launcher did not come back
  orphaned    status not 0, but processes stay     littering   status not 0, but a file stays
  wrong       a daemon that differs from the one without the fault

  --kill                  SIGKILL the caller instead of failing its call; only before the launcher's
                          exit with 0 is due. Where nobody survives to tidy up, a file may stay,
                          unlocked. Other outcomes than `reported` count only if they are true.
  --pairs N               two faults in a start: each call of the faultless start, and each that comes
                          after it, the ways out included; N of them, by a fixed seed, or all for 0.
                          With --kill the second is a SIGKILL
  --inject errno=NAME     EINTR: every call that may be interrupted; another: every call, with that
  --syscall NAME --errno NAME   one run (for each pair) in which every such call fails
  --only NAME             sweep only the calls of this kind
  --thread-calls          also those that mostly a language's run time makes: rseq, set_robust_list...
  --pid-file PATH         the pid file, if COMMAND's is elsewhere      --log PATH   likewise
  --stop-with SIGNAL      what ends the daemon (TERM)
  --limit SECONDS         for a launcher to come back (10)
  --then SIGNAL           a second act: once the daemon serves it is sent SIGNAL, such as a request to
                          execute itself anew. Only the calls that come then are swept, of
                          those in a row the first two and the last. Whatever fails,
                          a daemon as whole as without the fault must serve on, and only one. With
                          --kill it may be gone if it was the one killed; nobody may stay then
  --crash                 a second act: the child of the pid file's process is killed, to be started
                          again
  --trace                 print the calls and stop
  --verbose               print every fault, not only those badly handled

A call that did not happen again in ten attempts is flagged and not counted; one in ten of those is
too many. Prints `N of M` and counts of each outcome. Exit status: 0 N is M (and M is not 0), 1 not so, 2 no
daemon without any fault or a wrong option, 77 processes cannot be watched here.
)";

struct Options {
    Command command;
    std::string pid_path;
    std::string log_path;
    int stop_signal = SIGTERM;
    milliseconds limit{10000};
    Fault::How how = Fault::How::error;
    int error = 0;
    std::optional<std::size_t> pairs;
    bool only_interruptible = false;
    std::optional<long> only;
    std::vector<std::pair<long, int>> fixed; // system call, error
    int then = 0;                            // a signal
    bool crash = false;
    bool trace = false;
    bool verbose = false;

    bool has_second_act() const { return then != 0 || crash; }
};

enum class Outcome { reported, tolerated, lost, mute, hung, orphaned, littering, wrong, missed };
constexpr const char* outcome_names[] = {"reported", "tolerated", "lost",  "mute",        "hung",
                                         "orphaned", "littering", "wrong", "not injected"};

bool is_handled(Outcome outcome) {
    return outcome == Outcome::reported || outcome == Outcome::tolerated;
}

// What is compared between the daemon of a faulted start and that of a faultless one.
using Portrait = std::map<std::string, std::string>;

struct Run {
    std::optional<int> status; // of the launcher, as wait gives it
    std::string said;
    int hits = 0;
    bool too_late = false; // the call came when the launcher had already said that it started
    bool launcher_killed = false;
    bool daemon_killed = false; // in a second act
    bool survivors = false;
    std::string place;
    std::vector<std::string> left; // processes that stay after a failure
    std::vector<std::string> litter;
    bool litter_is_locked = false;
    std::optional<Portrait> daemon;
    std::optional<std::size_t> daemon_index;
    std::vector<Call> calls;
    bool saw_marker = false;
};

struct Judgement {
    Outcome outcome;
    std::string detail;
};

class Sweep {
public:
    explicit Sweep(Options options) : options_(std::move(options)) {
        terminal_.become_controlling();
        if (options_.pid_path.empty() && options_.command.names_pid_file())
            options_.pid_path = scratch_.run() + "/daemon.pid";
        if (options_.log_path.empty())
            options_.log_path = scratch_.run() + "/daemon.log";
        options_.command = options_.command.with(options_.pid_path, options_.log_path);
    }

    int run() {
        trace();
        if (!faultless_.daemon) {
            std::cout << "0 of 0: no daemon even without a fault: launcher "
                      << (faultless_.status ? in_words(*faultless_.status) : "hung") << ": "
                      << one_line(faultless_.said) << '\n';
            return 2;
        }
        if (options_.trace)
            return print_trace();
        if (options_.pairs)
            try_pairs();
        else
            for (const Fault& fault : faults())
                try_fault(fault);
        return summary();
    }

private:
    // ---- one start ----

    Run start(const Fault& fault) {
        prepare();
        Run run;
        {
            Tree tree(fault, marked_, reaper_);
            Launch launch{.command = options_.command,
                          .terminal = &terminal_,
                          .directory = scratch_.path(),
                          .dirty = true,
                          .output = scratch_.path() + "/stdout",
                          .before_exec = {}};
            tree.start(launch);
            const auto pump = [&](milliseconds pause) { return tree.pump(pause); };
            await_launcher(tree, run);
            run.said = terminal_.said();
            if (!run.status) {
                // hung: nothing more to learn
            } else if (*run.status == 0) {
                meet_daemon(tree, run);
            } else {
                if (run.said.empty() && !run.launcher_killed)
                    run.said += terminal_.last_words();
                comes_to_pass([] { return descendants().empty(); }, pump);
                for (const Process& process : descendants())
                    run.left.push_back(std::to_string(process.pid));
                note_litter(run);
            }
            if (run.calls.empty())
                run.calls = tree.calls();
            run.hits = tree.hits();
            run.too_late = tree.came_too_late();
            run.place = tree.place();
            run.saw_marker = tree.saw_marker();
            end_everyone(pump, reaper_);
        }
        return run;
    }

    void prepare() {
        scratch_.renew();
        for (const std::string& path : {options_.pid_path, options_.log_path})
            if (!path.empty())
                ::unlink(path.c_str());
        terminal_.said();
        reaper_.forget();
    }

    void await_launcher(Tree& tree, Run& run) {
        const auto pump = [&](milliseconds pause) { return tree.pump(pause); };
        const auto end = Clock::now() + options_.limit;
        while (!run.status && Clock::now() < end) {
            leave_if_interrupted();
            pump(milliseconds(1));
            if (tree.holds())
                decide_about_victim(tree, run);
            run.status = reaper_.status(tree.launcher());
        }
    }

    // Whether the start is already reported must not depend on who is faster: everyone else goes
    // on as far as they get while the victim is held.
    void decide_about_victim(Tree& tree, Run& run) {
        settle([&](milliseconds pause) { return tree.pump(pause); }, options_.limit / 10,
               [&] { return tree.said_started(); });
        if (tree.said_started()) {
            tree.let_go();
            return;
        }
        run.launcher_killed = tree.victim() == tree.launcher();
        const auto alive = descendants();
        run.survivors = std::any_of(alive.begin(), alive.end(), [&](const Process& process) {
            return process.pid != tree.victim();
        });
        tree.kill_victim();
    }

    // After some faults a monitor looks by time, every 10 ms, and is never calm: that is no fault,
    // and the limit for a launcher is too long to wait for it.
    static constexpr milliseconds calm_limit{10000};

    void meet_daemon(Tree& tree, Run& run) {
        const auto pump = [&](milliseconds pause) { return tree.pump(pause); };
        settle(pump, calm_limit);
        auto alive = descendants();
        auto daemon = pick_daemon(alive);
        if (daemon && options_.has_second_act()) {
            play_second_act(tree, *daemon, alive.size());
            run.daemon_killed = tree.victim() == daemon->pid;
            alive = descendants();
            if (run.daemon_killed)
                for (const Process& process : alive)
                    run.left.push_back(std::to_string(process.pid));
            daemon = run.daemon_killed ? std::nullopt : pick_daemon(alive);
        }
        run.calls = tree.calls();
        if (!daemon) {
            note_litter(run);
            return;
        }
        run.daemon_index = tree.index_of(daemon->pid);
        Portrait portrait = portray(*daemon, alive);
        ::kill(daemon->pid, options_.stop_signal);
        const bool ended = comes_to_pass([] { return descendants().empty(); }, pump);
        // Whose first thread has ended is no descendant any more, while others may still be about.
        const auto status = [&] { return reaper_.status(daemon->pid); };
        wait_until([&] { return status().has_value(); }, pump, milliseconds(ended ? 200 : 0));
        portrait["end"] = !ended     ? "does not end when told to"
                          : status() ? in_words(*status())
                                     : "reaped by another";
        note_litter(run);
        for (const std::string& file : run.litter)
            portrait["left behind"] += file + " ";
        run.litter.clear();
        run.daemon = portrait;
    }

    void play_second_act(Tree& tree, const Process& daemon, std::size_t whole) {
        const auto pump = [&](milliseconds pause) { return tree.pump(pause); };
        tree.begin_second_act();
        if (options_.crash) {
            for (const Process& process : descendants())
                if (process.parent == daemon.pid)
                    signal_descendant(process.pid, SIGKILL);
            // It is started again after a pause.
            wait_until([] { return false; }, pump, milliseconds(50));
        } else {
            signal_descendant(daemon.pid, options_.then);
        }
        // Who sleeps for a short time is not through: all must be calm three times.
        for (int calm = 0; calm != 3; ++calm) {
            wait_until([] { return false; }, pump, milliseconds(30));
            wait_until(
                [&] {
                    const std::size_t count = descendants().size();
                    return count == whole || count == 0;
                },
                pump, milliseconds(5000));
            settle(pump, calm_limit);
        }
    }

    std::optional<Process> pick_daemon(const std::vector<Process>& alive) const {
        if (alive.empty())
            return std::nullopt;
        const std::string recorded = options_.pid_path.empty() ? "" : slurp(options_.pid_path);
        const long number = std::strtol(recorded.c_str(), nullptr, 10);
        for (const Process& process : alive)
            if (process.pid == number)
                return process;
        return alive.back();
    }

    Portrait portray(const Process& daemon, const std::vector<Process>& alive) const {
        Portrait portrait;
        portrait["processes"] = std::to_string(alive.size());
        portrait["session"] = daemon.session == ::getpid()   ? "the launcher's"
                              : daemon.session == daemon.pid ? "own, as its leader"
                                                             : "own";
        portrait["terminal"] = daemon.terminal == 0 ? "none" : "the launcher's";
        portrait["directory"] = link_target(proc(daemon.pid, "cwd"));
        for (const char* field : {"Umask", "SigBlk", "SigIgn", "SigCgt", "Uid", "Gid", "Groups"})
            portrait[field] = status_field(daemon.pid, field);
        portray_descriptors(daemon.pid, portrait);
        if (!options_.pid_path.empty())
            portray_pid_file(daemon.pid, portrait);
        return portrait;
    }

    // Numbers above 2 may differ; what is behind them, and how often, may not.
    static void portray_descriptors(pid_t pid, Portrait& portrait) {
        for (const int number : {0, 1, 2})
            portrait["descriptor " + std::to_string(number)] = "closed";
        std::multiset<std::string> others;
        for (auto [number, target] : open_descriptors(pid)) {
            if (detail::is_anonymous(target))
                target.erase(target.find(':'));
            if (number <= 2)
                portrait["descriptor " + std::to_string(number)] = target;
            else
                others.insert(target);
        }
        for (const std::string& target : others)
            portrait["descriptors"] += target + " ";
    }

    void portray_pid_file(pid_t pid, Portrait& portrait) const {
        const std::string text = slurp(options_.pid_path);
        portrait["pid file"] = !exists(options_.pid_path)                      ? "missing"
                               : std::strtol(text.c_str(), nullptr, 10) == pid ? "its number"
                                                                               : "'" + text + "'";
        struct stat file {};
        ::lstat(options_.pid_path.c_str(), &file);
        std::array<char, 16> mode{};
        std::snprintf(mode.data(), mode.size(), "%o", file.st_mode);
        portrait["pid file's mode"] = mode.data();
        portrait["pid file"] += locks_on(options_.pid_path).empty() ? ", unlocked" : ", locked";
    }

    void note_litter(Run& run) const {
        std::set<std::string> paths;
        for (const auto& entry : std::filesystem::directory_iterator(scratch_.run()))
            paths.insert(entry.path().string());
        if (!options_.pid_path.empty() && exists(options_.pid_path))
            paths.insert(options_.pid_path);
        paths.erase(options_.log_path);
        // Where the removal itself meets the second fault the file is emptied, which is as good as
        // none.
        if (options_.pairs)
            std::erase_if(paths, [](const std::string& path) {
                return slurp(path).empty() && locks_on(path).empty();
            });
        for (const std::string& path : paths) {
            run.litter.push_back(std::filesystem::path(path).filename().string());
            run.litter_is_locked |= !locks_on(path).empty();
        }
    }

    // ---- the faultless start ----

    void trace() {
        faultless_ = start(Fault{});
        if (faultless_.saw_marker) {
            marked_ = true;
            faultless_ = start(Fault{});
        }
    }

    int print_trace() const {
        for (const Call& call : faultless_.calls)
            std::cout << name_of(call) << '\n';
        std::cout << faultless_.calls.size() << " calls\n";
        for (const auto& [what, value] : *faultless_.daemon)
            std::cout << what << ": " << value << '\n';
        return 0;
    }

    std::string name_of(const Call& call) const {
        const std::string who = call.process == 0 ? "launcher"
                                : call.process == faultless_.daemon_index
                                    ? "daemon"
                                    : "process " + std::to_string(call.process + 1);
        return who + " " + kind_of(call.number)->name + " #" + std::to_string(call.nth);
    }

    static Fault fault_of(Fault::How how, std::optional<Call> at, long number, int error) {
        Fault fault;
        fault.how = how;
        fault.at = at;
        fault.number = number;
        fault.error = error;
        return fault;
    }

    std::vector<Fault> faults() const {
        std::vector<Fault> all;
        for (const auto& [number, error] : options_.fixed)
            all.push_back(fault_of(Fault::How::error, std::nullopt, number, error));
        if (!all.empty())
            return all;
        for (const Call& call : faultless_.calls)
            if (is_wanted(call) && !is_repeated(call, faultless_.calls))
                all.push_back(fault_of(options_.how, call, call.number, options_.error));
        return all;
    }

    // What follows a first fault is known once that start has been made.
    void try_pairs() {
        std::vector<Fault> pairs;
        const bool kills = options_.how == Fault::How::kill;
        options_.how = Fault::How::error;
        for (const Fault& first : faults()) {
            const Run run = start(first);
            if (run.hits == 0)
                continue;
            std::map<std::pair<std::size_t, long>, int> seen;
            auto call = std::find(run.calls.begin(), run.calls.end(), *first.at);
            for (call += call != run.calls.end(); call != run.calls.end(); ++call) {
                if ((!kills && !is_wanted(*call)) || is_repeated(*call, run.calls))
                    continue;
                // Who can no more be woken looks often, and how often depends on the machine; 20
                // looks are as good as all.
                if (++seen[{call->process, call->number}] > 20)
                    continue;
                pairs.push_back(first);
                pairs.back().also = *call;
                pairs.back().also_how = kills ? Fault::How::kill : Fault::How::error;
            }
        }
        const std::size_t all = pairs.size();
        if (*options_.pairs != 0 && *options_.pairs < all) {
            std::shuffle(pairs.begin(), pairs.end(), std::mt19937{1});
            pairs.resize(*options_.pairs);
        }
        std::cout << pairs.size() << " of " << all << " pairs" << std::endl;
        for (const Fault& pair : pairs)
            try_fault(pair);
    }

    bool is_wanted(const Call& call) const {
        const Kind& kind = *kind_of(call.number);
        if (options_.only && *options_.only != call.number)
            return false;
        if (options_.how == Fault::How::kill)
            return true;
        return options_.only_interruptible ? kind.interruptible : kind.error != 0;
    }

    // In a second act, of calls of one kind in a row the first two and the last are enough.
    bool is_repeated(const Call& call, const std::vector<Call>& calls) const {
        const auto at = std::find(calls.begin(), calls.end(), call);
        const auto same = [&](auto other) {
            return other->process == call.process && other->number == call.number;
        };
        return options_.has_second_act() && at - calls.begin() >= 2 && same(at - 1) &&
               same(at - 2) && calls.end() - at > 1 && same(at + 1);
    }

    // ---- judging ----

    void try_fault(const Fault& fault) {
        Run run;
        // A call that only one turn of a race makes may be missing for a while.
        const int wanted = fault.also ? 2 : 1;
        for (int attempt = 0; attempt < 10 && run.hits < wanted && !run.too_late; ++attempt)
            run = start(fault);
        if (run.too_late) {
            ++too_late_;
            return;
        }
        const Judgement judgement = judge(fault, run);
        if (judgement.outcome == Outcome::missed && fault.at)
            ++vanished_;
        else
            ++counts_[judgement.outcome];
        if (options_.verbose || !is_handled(judgement.outcome))
            print(fault, run, judgement);
    }

    Judgement judge(const Fault& fault, const Run& run) const {
        if (run.hits < (fault.also ? 2 : 1))
            return {Outcome::missed, "the call did not happen again"};
        if (!run.status)
            return {Outcome::hung, "the launcher did not come back"};
        if (*run.status == 0)
            return judge_started(run);
        return judge_failed(fault, run);
    }

    Judgement judge_started(const Run& run) const {
        if (!run.daemon && run.daemon_killed)
            return !run.left.empty()      ? Judgement{Outcome::orphaned,
                                                 "process " + run.left[0] + " outlives the daemon"}
                   : run.litter_is_locked ? Judgement{Outcome::littering, "a lock stays"}
                                          : Judgement{Outcome::reported, "all are gone"};
        if (!run.daemon)
            return {Outcome::lost, "launcher said " + in_words(*run.status) + ", no daemon" +
                                       (run.litter.empty() ? "" : "; left: " + run.litter[0])};
        for (const auto& [what, value] : *faultless_.daemon) {
            const auto found = run.daemon->find(what);
            const std::string now = found == run.daemon->end() ? "" : found->second;
            if (now != value && !(what == "descriptors" && is_subset(now, value)))
                return {Outcome::wrong, what + ": '" + now + "' instead of '" + value + "'"};
        }
        for (const auto& [what, value] : *run.daemon)
            if (!faultless_.daemon->contains(what))
                return {Outcome::wrong, what + ": '" + value + "'"};
        return {Outcome::tolerated, ""};
    }

    static bool is_subset(const std::string& part, const std::string& whole) {
        const auto words = [](const std::string& text) {
            std::istringstream stream(text);
            using Word = std::istream_iterator<std::string>;
            return std::multiset<std::string>(Word(stream), Word());
        };
        const auto some = words(part);
        const auto all = words(whole);
        return std::includes(all.begin(), all.end(), some.begin(), some.end());
    }

    Judgement judge_failed(const Fault& fault, const Run& run) const {
        const std::string status = in_words(*run.status);
        if (!run.left.empty())
            return {Outcome::orphaned, "launcher " + status + ", process " + run.left[0] +
                                           " stays: " + one_line(run.said)};
        const bool killed = fault.how == Fault::How::kill || fault.also_how == Fault::How::kill;
        const bool nobody_left_to_tidy = killed && !run.survivors;
        if (!run.litter.empty() && (!nobody_left_to_tidy || run.litter_is_locked))
            return {Outcome::littering, "left: " + run.litter[0] + ": " + one_line(run.said)};
        const bool reason_is_lost = fault.also && fault.also->process == 0 &&
                                    fault.also->number == SYS_write; // it was to be said by that
        if (!run.launcher_killed && !reason_is_lost &&
            !gives_reason(run.said, options_.command.words[0]))
            return {Outcome::mute,
                    "launcher " + status + " without a reason: '" + one_line(run.said) + "'"};
        return {Outcome::reported, status + ": " + one_line(run.said)};
    }

    void print(const Fault& fault, const Run& run, const Judgement& judgement) const {
        const std::string call =
            fault.at ? name_of(*fault.at) : std::string("every ") + kind_of(fault.number)->name;
        std::cout << (is_handled(judgement.outcome) ? "ok   " : "BAD  ")
                  << outcome_names[static_cast<int>(judgement.outcome)] << "  " << call
                  << (run.place.empty() ? "" : " " + run.place)
                  << (fault.also ? " and " + name_of(*fault.also) : "")
                  << (fault.how == Fault::How::kill ? " KILLED" : "")
                  << (fault.also_how == Fault::How::kill ? ", the second KILLED" : "")
                  << (judgement.detail.empty() ? "" : "  -- " + judgement.detail) << std::endl;
    }

    int summary() {
        int handled = 0;
        int all = 0;
        std::string parts;
        for (const auto& [outcome, count] : counts_) {
            parts += (parts.empty() ? ": " : ", ") +
                     std::string(outcome_names[static_cast<int>(outcome)]) + " " +
                     std::to_string(count);
            all += count;
            handled += is_handled(outcome) ? count : 0;
        }
        std::cout << handled << " of " << all << parts;
        if (too_late_ > 0)
            std::cout << " (" << too_late_ << " calls come after the launcher's word: not counted)";
        if (vanished_ > 0)
            std::cout << " (" << vanished_ << " calls did not happen again: not counted)";
        std::cout << '\n';
        return handled == all && all > 10 * vanished_ ? 0 : 1;
    }

    Options options_;
    Scratch scratch_;
    Terminal terminal_;
    Reaper reaper_;
    bool marked_ = false;
    Run faultless_;
    std::map<Outcome, int> counts_;
    int too_late_ = 0;
    int vanished_ = 0;
};

void read_injection(const std::string& text, Options& options) {
    if (!text.starts_with("errno="))
        throw std::invalid_argument("--inject takes errno=NAME");
    options.error = error_by_name(text.substr(6));
    options.only_interruptible = options.error == EINTR;
}

Options read_options(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv);
    long call = -1;
    while (const auto option = arguments.option()) {
        if (*option == "--kill")
            options.how = Fault::How::kill;
        else if (*option == "--pairs")
            options.pairs = std::stoul(arguments.value(*option));
        else if (*option == "--inject")
            read_injection(arguments.value(*option), options);
        else if (*option == "--syscall")
            call = number_of(arguments.value(*option));
        else if (*option == "--errno")
            options.fixed.emplace_back(call, error_by_name(arguments.value(*option)));
        else if (*option == "--thread-calls")
            add_thread_calls();
        else if (*option == "--only")
            options.only = number_of(arguments.value(*option));
        else if (*option == "--pid-file")
            options.pid_path = arguments.value(*option);
        else if (*option == "--log")
            options.log_path = arguments.value(*option);
        else if (*option == "--stop-with")
            options.stop_signal = signal_by_name(arguments.value(*option));
        else if (*option == "--limit")
            options.limit = milliseconds(1000 * arguments.number(*option));
        else if (*option == "--then")
            options.then = signal_by_name(arguments.value(*option));
        else if (*option == "--crash")
            options.crash = true;
        else if (*option == "--trace")
            options.trace = true;
        else if (*option == "--verbose")
            options.verbose = true;
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
        return in_own_session([&] {
            try {
                return Sweep(options).run();
            } catch (const RejectedComposition& refused) {
                std::cout << "skipped: " << refused.what() << '\n';
                return skipped;
            }
        });
    } catch (const std::exception& error) {
        std::cerr << "fault_sweep: " << error.what() << " (--help tells more)\n";
        return 2;
    }
}
