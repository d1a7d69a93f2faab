// SPDX-License-Identifier: BSL-1.0
// Starts a daemon from a terminal session that leaves traces on whoever does not wipe them off, and
// checks point by point what a daemon is expected to be and to do about its pid file.
#include "start.hpp"

#include <algorithm>

namespace {

using namespace peers;

constexpr char usage[] = R"(usage: conformance [OPTION...] [--] COMMAND ARG...

Starts COMMAND, which is to leave a daemon that serves until SIGTERM, from a terminal, with a umask of
077, SIGUSR1 and SIGHUP blocked, SIGINT, SIGUSR2 and SIGPIPE ignored, descriptors 77 and 900 open, in a
directory that is not /, and checks each of the points that --list names. {pid} and {log} in ARG stand
for a pid file and a log in a fresh directory.

  --pid-file PATH      the pid file, if COMMAND's is elsewhere
  --no-pid-file        there is none: every point about it is failed, and not tried
  --without POINT      count this point as failed, and do not try it (may be repeated)
  --ignores SIGNAL     of those above, one that the daemon ignores by design (may be repeated)
  --stop-with SIGNAL   what ends the daemon (TERM)
  --limit SECONDS      for a launcher to come back (5)
  --list               name the points

Prints `ok` or `FAILED` for each point, then `N of M`. Exit status: 0 N is M, 1 not so, 2 a wrong option.
)";

struct Point {
    const char* name;
    const char* meaning;
    bool about_pid_file;
};

constexpr Point points[] = {
    {"starts", "the launcher exits with 0 and a daemon is there", false},
    {"own-session", "not in the launcher's session", false},
    {"no-session-leader", "cannot take a terminal by opening one", false},
    {"no-terminal", "has no controlling terminal", false},
    {"reparented", "its parent is not the launcher", false},
    {"root-directory", "works in /", false},
    {"umask", "neither the launcher's nor 0", false},
    {"strays-closed", "descriptors 77 and 900 are closed", false},
    {"only-own-descriptors", "nothing open but the pid file, the log and what it made", false},
    {"stdin", "is /dev/null", false},
    {"output", "descriptors 1 and 2 are /dev/null or the log", false},
    {"signal-mask", "no inherited block", false},
    {"dispositions", "no inherited ignoring", false},
    {"pid-file-content", "the daemon's number and a newline, no more", true},
    {"pid-file-locked", "somebody holds a lock on it", true},
    {"pid-file-mode", "0644 whatever the launcher's umask", true},
    {"pid-file-owner", "belongs to whoever started", true},
    {"pid-file-in-time", "complete when the launcher exits, ten times of ten", true},
    {"second-start-refused", "status not 0", true},
    {"second-start-names-owner", "its message has the first one's number", true},
    {"second-start-leaves-file", "byte for byte, the same inode", true},
    {"second-start-leaves-daemon", "the first one goes on", true},
    {"survives-hang-up", "of the terminal it was started from", false},
    {"ends-when-told", "by the signal", false},
    {"pid-file-removed", "when it ends", true},
    {"starts-after-kill", "SIGKILL leaves nothing that prevents a new start", true},
    {"stale-dead", "starts over a number nobody has", true},
    {"stale-stranger", "starts over a living stranger's number, who is left alone", true},
    {"stale-garbage", "starts over a file of no number", true},
    {"stale-empty", "starts over an empty file", true},
    {"stale-huge", "starts over a megabyte of digits", true},
    {"stale-negative", "starts over -1", true},
    {"stale-own", "starts over the launcher's own number", true},
    {"symlink", "not followed: what it points to is unharmed", true},
    {"fifo", "does not hang", true},
    {"missing-directory", "said on the terminal, status not 0, nobody stays", true},
};

struct Options {
    Command command;
    std::string pid_path;
    bool has_pid_file = true;
    std::set<std::string> without;
    unsigned long long ignored = 0;
    int stop_signal = SIGTERM;
    milliseconds limit{5000};
};

struct Started {
    std::optional<int> status;
    std::string said;
    std::string recorded; // the pid file at the moment the launcher was gone

    std::string in_words() const { return status ? peers::in_words(*status) : "hung"; }
};

class Conformance {
public:
    explicit Conformance(Options options) : options_(std::move(options)) {
        if (options_.pid_path.empty())
            options_.pid_path = scratch_.run() + "/daemon.pid";
        take_new_terminal();
    }

    int run() {
        check_one_life();
        if (options_.has_pid_file) {
            check_in_time();
            check_after_kill();
            check_stale_files();
            check_strange_files();
        }
        return summary();
    }

private:
    // ---- what every check needs ----

    void take_new_terminal() {
        terminal_.emplace();
        terminal_->become_controlling();
    }

    auto pump() {
        return [this](milliseconds pause) {
            ::usleep(static_cast<useconds_t>(pause.count()) * 1000);
            reaper_.reap();
            return false;
        };
    }

    void renew() {
        end_everyone(pump(), reaper_);
        reaper_.forget();
        scratch_.renew();
        ::unlink(options_.pid_path.c_str());
        terminal_->said();
    }

    Started start(const std::string& pid_path, const std::function<void()>& before_exec = {}) {
        Launch how;
        how.command = options_.command.with(pid_path, scratch_.run() + "/daemon.log");
        how.terminal = &*terminal_;
        how.directory = scratch_.path();
        how.dirty = true;
        how.before_exec = before_exec;
        launcher_ = launch(how);
        const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, launcher_, 0)));
        pollfd gone{handle.get(), POLLIN, 0};
        ::poll(&gone, 1, static_cast<int>(options_.limit.count()));
        Started started;
        if (is_regular(pid_path))
            started.recorded = slurp(pid_path);
        leave_if_interrupted();
        reaper_.reap();
        started.status = reaper_.status(launcher_);
        settle(pump(), options_.limit);
        started.said = terminal_->said();
        if (started.said.empty() && started.status != 0)
            started.said = terminal_->last_words();
        return started;
    }
    Started start() { return start(options_.pid_path); }

    // Reading a FIFO would make the tool hang in the daemon's place.
    static bool is_regular(const std::string& path) {
        struct stat file {};
        return ::lstat(path.c_str(), &file) == 0 && S_ISREG(file.st_mode);
    }

    std::vector<Process> started_ones() const {
        auto all = descendants();
        std::erase_if(all, [this](const Process& process) {
            return process.pid == stranger_ || process.pid == launcher_;
        });
        return all;
    }

    // The one whose number the pid file has, else the youngest: nobody's number is believed if the
    // process did not come from here.
    std::optional<Process> find_daemon() const {
        const auto all = started_ones();
        const long recorded = std::strtol(pid_file().c_str(), nullptr, 10);
        for (const Process& process : all)
            if (process.pid == recorded)
                return process;
        return all.empty() ? std::nullopt : std::optional(all.back());
    }

    std::string pid_file() const {
        return is_regular(options_.pid_path) ? slurp(options_.pid_path) : "";
    }

    void note(const std::string& point, bool good, const std::string& detail = "") {
        results_[point] = {good, detail};
    }

    // ---- one daemon's life ----

    void check_one_life() {
        renew();
        first_ = start();
        const auto daemon = find_daemon();
        const bool started = first_.status == 0 && daemon.has_value();
        note("starts", started,
             first_.in_words() + (daemon ? "" : ", no daemon") + ": " + one_line(first_.said));
        if (!daemon)
            return;
        check_process(*daemon);
        check_descriptors(daemon->pid);
        check_signals(daemon->pid);
        if (options_.has_pid_file) {
            check_pid_file(daemon->pid);
            check_second_start(daemon->pid);
        }
        terminal_->hang_up();
        settle(pump(), options_.limit);
        note("survives-hang-up", is_descendant(daemon->pid), "gone");
        take_new_terminal();
        check_end(daemon->pid);
    }

    void check_process(const Process& daemon) {
        note("own-session", daemon.session != ::getpid(), "the launcher's");
        note("no-session-leader", daemon.session != daemon.pid, "leads its session");
        note("no-terminal", daemon.terminal == 0, "has the launcher's");
        note("reparented", daemon.parent != launcher_ && first_.status.has_value(),
             "the launcher is its parent");
        const std::string directory = link_target(proc(daemon.pid, "cwd"));
        note("root-directory", directory == "/", directory);
        const std::string mask = status_field(daemon.pid, "Umask");
        note("umask", mask != "0077" && mask != "0000", mask);
    }

    void check_descriptors(pid_t pid) {
        auto open = open_descriptors(pid);
        const auto is_stray = [&](int number) {
            return open.contains(number) && open[number] == "/dev/zero";
        };
        note("strays-closed", !is_stray(low_stray) && !is_stray(high_stray), "open");
        const std::string log = scratch_.run() + "/daemon.log";
        const auto at = [&](int number) { return open.contains(number) ? open[number] : "closed"; };
        const auto fits = [&](int number) {
            return at(number) == "/dev/null" || at(number) == log;
        };
        note("stdin", at(0) == "/dev/null", at(0));
        note("output", fits(1) && fits(2), at(1) + ", " + at(2));
        std::string others;
        for (const auto& [number, target] : open)
            if (number > 2 && target.starts_with("/") && target != log &&
                target != options_.pid_path && !is_stray(number))
                others += std::to_string(number) + ": " + target + " ";
        note("only-own-descriptors", others.empty(), others);
    }

    void check_signals(pid_t pid) {
        // What a program blocks on purpose it collects: then it does so from a descriptor.
        const auto blocked = blocked_by_all_threads(pid) & ~collected_by_descriptor(pid);
        std::array<char, 32> mask{};
        std::snprintf(mask.data(), mask.size(), "%016llx", blocked);
        note("signal-mask", blocked == 0, mask.data());
        const auto bit = [](int signal) { return 1ULL << (signal - 1); };
        const auto ignored = signal_set(pid, "SigIgn") & ~options_.ignored &
                             (bit(SIGINT) | bit(SIGUSR2) | bit(SIGPIPE));
        note("dispositions", ignored == 0, "ignored " + status_field(pid, "SigIgn"));
    }

    // A signal to a process reaches it as long as one of its threads lets it through.
    static unsigned long long blocked_by_all_threads(pid_t pid) {
        unsigned long long common = ~0ULL;
        for (const pid_t thread : numbers_in(proc(pid, "task")))
            common &= signal_set(thread, "SigBlk");
        return common;
    }

    static unsigned long long collected_by_descriptor(pid_t pid) {
        unsigned long long collected = 0;
        for (const auto& [number, target] : open_descriptors(pid)) {
            if (target != "anon_inode:[signalfd]")
                continue;
            std::istringstream lines(slurp(proc(pid, "fdinfo/") + std::to_string(number)));
            for (std::string line; std::getline(lines, line);)
                if (line.starts_with("sigmask:"))
                    collected |= std::strtoull(line.c_str() + 8, nullptr, 16);
        }
        return collected;
    }

    void check_pid_file(pid_t pid) {
        const std::string text = pid_file();
        note("pid-file-content", text == std::to_string(pid) + "\n", "'" + one_line(text) + "'");
        note("pid-file-locked", !locks_on(options_.pid_path).empty(), "no lock");
        struct stat file {};
        const bool there = ::lstat(options_.pid_path.c_str(), &file) == 0;
        std::array<char, 16> mode{};
        std::snprintf(mode.data(), mode.size(), "%04o", file.st_mode & 07777U);
        note("pid-file-mode", there && (file.st_mode & 07777U) == 0644,
             there ? mode.data() : "none");
        note("pid-file-owner", there && file.st_uid == ::geteuid(), there ? "another" : "none");
    }

    void check_second_start(pid_t pid) {
        const auto inode = [this] {
            struct stat file {};
            ::lstat(options_.pid_path.c_str(), &file);
            return file.st_ino;
        };
        std::set<pid_t> first_ones; // some peers' daemon is a watchman with a child
        for (const Process& process : started_ones())
            first_ones.insert(process.pid);
        const auto inode_before = inode();
        const std::string before = pid_file();
        const Started second = start();
        note("second-start-refused", second.status && *second.status != 0, second.in_words());
        note("second-start-names-owner", names(second.said, pid), one_line(second.said));
        note("second-start-leaves-file",
             !before.empty() && pid_file() == before && inode() == inode_before,
             "'" + one_line(before) + "' became '" + one_line(pid_file()) + "'");
        std::set<pid_t> now;
        for (const Process& process : started_ones())
            now.insert(process.pid);
        note("second-start-leaves-daemon", now == first_ones && now.contains(pid),
             std::to_string(now.size()) + " processes, before " +
                 std::to_string(first_ones.size()));
        for (const pid_t process : now)
            if (!first_ones.contains(process))
                signal_descendant(process, SIGKILL);
    }

    static bool names(const std::string& text, pid_t pid) {
        std::string digits;
        for (const char c : text + " ") {
            if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
                digits += c;
                continue;
            }
            if (digits == std::to_string(pid))
                return true;
            digits.clear();
        }
        return false;
    }

    void check_end(pid_t pid) {
        if (!is_descendant(pid))
            return; // not reached: failed
        const bool was_there = exists(options_.pid_path);
        signal_descendant(pid, options_.stop_signal);
        const bool ended = comes_to_pass([&] { return started_ones().empty(); }, pump());
        note("ends-when-told", ended, "still there");
        if (options_.has_pid_file)
            note("pid-file-removed", ended && was_there && !exists(options_.pid_path),
                 "still there, or never was");
    }

    // ---- the pid file ----

    void check_in_time() {
        std::string early;
        for (int n = 0; n < 10 && early.empty(); ++n) {
            renew();
            const Started started = start();
            const auto daemon = find_daemon();
            if (started.status != 0 || !daemon)
                early = "no start";
            else if (started.recorded != std::to_string(daemon->pid) + "\n")
                early = "'" + one_line(started.recorded) + "' when the launcher had exited";
        }
        note("pid-file-in-time", early.empty(), early);
    }

    // A start went well if a daemon serves whose number the file has.
    void check_start(const std::string& point, const std::function<void()>& before_exec = {}) {
        const Started started = start(options_.pid_path, before_exec);
        const auto daemon = find_daemon();
        const bool recorded = daemon && std::strtol(pid_file().c_str(), nullptr, 10) == daemon->pid;
        note(point, started.status == 0 && recorded,
             started.in_words() + (daemon ? "" : ", no daemon") + ", file '" +
                 one_line(pid_file()) + "': " + one_line(started.said));
    }

    void check_after_kill() {
        renew();
        start();
        const auto daemon = find_daemon();
        if (!daemon)
            return;
        signal_descendant(daemon->pid, SIGKILL);
        comes_to_pass([&] { return started_ones().empty(); }, pump());
        check_start("starts-after-kill");
    }

    void plant(const std::string& text) {
        renew();
        std::ofstream(options_.pid_path, std::ios::binary) << text;
    }

    void check_stale_files() {
        const pid_t dead = dead_number();
        plant(std::to_string(dead) + "\n");
        check_start("stale-dead");
        plant("not a number\n");
        check_start("stale-garbage");
        plant("");
        check_start("stale-empty");
        plant(std::string(1U << 20U, '7'));
        check_start("stale-huge");
        plant("-1\n");
        check_start("stale-negative");
        plant("");
        check_start("stale-own", [path = options_.pid_path] {
            const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
            ::dprintf(file, "%d\n", ::getpid());
            ::close(file);
        });
        check_stranger();
    }

    static pid_t dead_number() {
        const pid_t child = ::fork();
        if (child == 0)
            ::_exit(0);
        ::waitpid(child, nullptr, 0);
        return child;
    }

    void check_stranger() {
        renew();
        stranger_ = ::fork();
        if (stranger_ == 0) {
            ::signal(SIGTERM, SIG_DFL);
            while (true)
                ::pause();
        }
        std::ofstream(options_.pid_path) << stranger_ << '\n';
        check_start("stale-stranger");
        if (!is_descendant(stranger_))
            note("stale-stranger", false, "the stranger was killed");
        end_everyone(pump(), reaper_);
        stranger_ = 0;
    }

    // ---- what is no pid file ----

    void check_strange_files() {
        renew();
        const std::string precious = scratch_.path() + "/precious";
        std::ofstream(precious) << "precious\n";
        std::filesystem::create_symlink(precious, options_.pid_path);
        const Started linked = start();
        note("symlink", tells_the_truth(linked) && slurp(precious) == "precious\n",
             linked.in_words() + ", " + std::to_string(started_ones().size()) +
                 " processes, the file it points to: '" + one_line(slurp(precious)) + "'");
        renew();
        ::mkfifo(options_.pid_path.c_str(), 0644);
        const Started piped = start();
        note("fifo", tells_the_truth(piped),
             piped.in_words() + ", " + std::to_string(started_ones().size()) + " processes");
        check_missing_directory();
    }

    bool tells_the_truth(const Started& started) const {
        return started.status && (*started.status == 0) == !started_ones().empty();
    }

    void check_missing_directory() {
        renew();
        if (!options_.command.names_pid_file())
            return note("missing-directory", false, "cannot be tried: no {pid} in the command");
        const Started lost = start(scratch_.run() + "/missing/daemon.pid");
        const bool refused = lost.status && *lost.status != 0 && started_ones().empty();
        note("missing-directory", refused && gives_reason(lost.said, options_.command.words[0]),
             lost.in_words() + ", " + std::to_string(started_ones().size()) +
                 " processes: " + one_line(lost.said));
    }

    // ---- the end ----

    int summary() {
        int good = 0;
        for (const Point& point : points) {
            const auto [passed, detail] = result_of(point);
            good += passed ? 1 : 0;
            std::cout << (passed ? "ok     " : "FAILED ") << point.name
                      << (passed || detail.empty() ? "" : ": " + detail) << '\n';
        }
        std::cout << good << " of " << std::size(points) << '\n';
        return good == static_cast<int>(std::size(points)) ? 0 : 1;
    }

    std::pair<bool, std::string> result_of(const Point& point) const {
        if (options_.without.contains(point.name))
            return {false, "left out"};
        if (point.about_pid_file && !options_.has_pid_file)
            return {false, "has no pid file"};
        const auto found = results_.find(point.name);
        return found == results_.end() ? std::pair(false, std::string("not reached"))
                                       : found->second;
    }

    Options options_;
    Scratch scratch_;
    std::optional<Terminal> terminal_;
    Reaper reaper_;
    pid_t launcher_ = 0;
    pid_t stranger_ = 0;
    Started first_;
    std::map<std::string, std::pair<bool, std::string>> results_;
};

void list_points() {
    for (const Point& point : points)
        std::cout << point.name << ": " << point.meaning << '\n';
}

std::string known_point(const std::string& name) {
    for (const Point& point : points)
        if (name == point.name)
            return name;
    throw std::invalid_argument(name + ": no such point");
}

Options read_options(int argc, char** argv) {
    Options options;
    Arguments arguments(argc, argv);
    while (const auto option = arguments.option()) {
        if (*option == "--pid-file")
            options.pid_path = arguments.value(*option);
        else if (*option == "--no-pid-file")
            options.has_pid_file = false;
        else if (*option == "--without")
            options.without.insert(known_point(arguments.value(*option)));
        else if (*option == "--ignores")
            options.ignored |= 1ULL << (signal_by_name(arguments.value(*option)) - 1);
        else if (*option == "--stop-with")
            options.stop_signal = signal_by_name(arguments.value(*option));
        else if (*option == "--limit")
            options.limit = milliseconds(1000 * arguments.number(*option));
        else
            throw std::invalid_argument(*option + ": no such option");
    }
    options.command = arguments.command();
    if (options.pid_path.empty() && !options.command.names_pid_file())
        options.has_pid_file = false;
    return options;
}

} // namespace

int main(int argc, char** argv) {
    const std::string first = argc > 1 ? argv[1] : "";
    if (first == "--help" || first == "-h") {
        std::cout << usage;
        return 0;
    }
    try {
        if (first == "--list") {
            list_points();
            return 0;
        }
        const Options options = read_options(argc, argv);
        return in_own_session([&] { return Conformance(options).run(); });
    } catch (const std::exception& error) {
        std::cerr << "conformance: " << error.what() << " (--help tells more)\n";
        return 2;
    }
}
