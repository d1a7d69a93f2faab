// SPDX-License-Identifier: BSL-1.0
// One start and one stop, and what must hold after each.
#pragma once

#include "peers/start.hpp"

#include <daemonizer/control.hpp>

namespace soak {

using namespace peers;

// Printed by soak.cpp. Lost and left must be 0, and wrong, too.
struct Counts {
    long started = 0;
    long refused = 0;   // with a line that gives the step and the errno
    long killed = 0;    // by a kernel that had no memory left
    long not_begun = 0; // the program could not even be loaded
    long lost = 0;      // the launcher has left with 0 and there is no daemon
    long left = 0;      // a process, a file or a descriptor remains when all is over
    long wrong = 0;     // anything else that must not be
    std::map<std::string, long> reasons;

    bool is_good() const { return lost == 0 && left == 0 && wrong == 0; }
};

struct Promise {
    Command command;
    bool leads = false; // the daemon is its session's leader, as SingleFork's is
    milliseconds limit{60000};
};

// Starts the command as the leader of a fresh terminal's session, looks at the daemon, stops it,
// and looks at what remains.
class Rounds {
public:
    explicit Rounds(Promise promise)
        : promise_(std::move(promise)), pid_file_(scratch_.run() + "/daemon.pid") {
        scratch_.renew();
        promise_.command = promise_.command.with(pid_file_, scratch_.path() + "/daemon.log");
        descriptors_ = open_descriptors();
    }

    // `may_kill`: there is so little memory that the kernel may kill any process of the start.
    void start(const std::function<void()>& before_exec, bool may_kill) {
        may_kill_ = may_kill;
        was_killed_ = false;
        {
            Terminal terminal;
            Launch how;
            how.command = promise_.command;
            how.terminal = &terminal;
            how.directory = scratch_.path();
            how.leads = Leads::session;
            how.before_exec = before_exec;
            launcher_ = launch(how);
            judge(await(), terminal);
        }
        expect_nobody();
        expect_nothing();
        ++rounds_;
    }

    const Counts& counts() const { return counts_; }
    long number() const { return rounds_; }

private:
    static std::size_t open_descriptors() { return numbers_in("/proc/self/fd").size(); }

    std::optional<int> await() const {
        const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, launcher_, 0)));
        pollfd gone{handle.get(), POLLIN, 0};
        const bool exited = ::poll(&gone, 1, static_cast<int>(promise_.limit.count())) > 0;
        leave_if_interrupted();
        int status = 0;
        return exited && ::waitpid(launcher_, &status, 0) == launcher_ ? std::optional(status)
                                                                       : std::nullopt;
    }

    void judge(std::optional<int> status, Terminal& terminal) {
        if (!status)
            return wrong(counts_.wrong, "the launcher hangs");
        if (status == 0) {
            terminal.hang_up(); // at once: a daemon that is still on the terminal dies of it
            return judge_daemon();
        }
        if (WIFSIGNALED(*status)) {
            was_killed_ = may_kill_ && WTERMSIG(*status) == SIGKILL;
            if (!was_killed_)
                return wrong(counts_.wrong, "the launcher: " + in_words(*status));
            ++counts_.killed;
            return;
        }
        judge_refusal(WEXITSTATUS(*status), words(terminal));
    }

    static std::string words(Terminal& terminal) {
        std::string said;
        for (std::string more = "."; said.find('\n') == std::string::npos && !more.empty();)
            said += more = terminal.last_words();
        return said + terminal.said();
    }

    void judge_refusal(int status, const std::string& said) {
        if (may_kill_ && status == 127) { // of the loader, or of exec
            ++counts_.not_begun;
            return;
        }
        const std::string line = one_line(said);
        const auto step = line.find(": "), what = line.find(": ", step + 1);
        const bool is_line = std::count(said.begin(), said.end(), '\n') == 1 &&
                             step != std::string::npos && what != std::string::npos;
        const bool has_errno =
            line.ends_with(std::strerror(EAGAIN)) || line.ends_with(std::strerror(ENOMEM));
        was_killed_ = may_kill_ && line.find("killed") != std::string::npos;
        if (!is_line || !(has_errno || was_killed_))
            return wrong(counts_.wrong,
                         "status " + std::to_string(status) + " with the words: " + line);
        ++(was_killed_ ? counts_.killed : counts_.refused);
        ++counts_.reasons[line.substr(step + 2)];
    }

    void judge_daemon() {
        const pid_t pid = std::atoi(slurp(pid_file_).c_str());
        const auto daemon = pid > 0 ? look_up(pid) : std::nullopt;
        if (!daemon || daemon->dead() || daemon->parent != ::getpid())
            return wrong(counts_.lost, "lost");
        ++counts_.started;
        if (daemon->terminal != 0 || daemon->session == launcher_)
            wrong(counts_.wrong, "the daemon is in the launcher's session");
        if ((daemon->session == pid) != promise_.leads)
            wrong(counts_.wrong, promise_.leads ? "the daemon does not lead its session"
                                                : "the daemon leads its session");
        const daemonizer::ControlResult stopped = daemonizer::stop(pid_file_.c_str());
        if (!stopped)
            wrong(counts_.wrong, std::string("stop: ") + stopped.text());
    }

    // Orphans come here, so whoever was started is found.
    void expect_nobody() {
        const auto nobody = [] {
            pid_t pid = 0;
            while ((pid = ::waitpid(-1, nullptr, WNOHANG)) > 0) {
            }
            return pid < 0;
        };
        const auto pump = [](milliseconds pause) {
            ::usleep(static_cast<useconds_t>(pause.count()) * 1000);
            return false;
        };
        if (wait_until(nobody, pump, promise_.limit))
            return;
        std::string who = "a process is left:";
        for (const Process& process : descendants())
            who += " " + std::to_string(process.pid) + " " + process.state;
        wrong(counts_.left, who);
        Reaper reaper;
        end_everyone(pump, reaper);
    }

    void expect_nothing() {
        std::string names;
        for (const auto& entry : std::filesystem::directory_iterator(scratch_.run()))
            names += " " + entry.path().filename().string();
        // Nobody was left to remove them. The next start finds them.
        if (!names.empty() && !was_killed_)
            wrong(counts_.left, "files are left:" + names);
        if (const std::size_t now = open_descriptors(); now != descriptors_) {
            wrong(counts_.left, "descriptors were " + std::to_string(descriptors_) + " and are " +
                                    std::to_string(now));
            descriptors_ = now;
        }
    }

    void wrong(long& count, const std::string& what) {
        ++count;
        if (++said_ <= 20)
            std::cout << "round " << rounds_ << ": " << what << std::endl;
    }

    Promise promise_;
    Scratch scratch_;
    std::string pid_file_;
    Counts counts_;
    pid_t launcher_ = 0;
    std::size_t descriptors_ = 0;
    long rounds_ = 0;
    int said_ = 0;
    bool may_kill_ = false, was_killed_ = false;
};

} // namespace soak
