// SPDX-License-Identifier: BSL-1.0
// How a command that daemonizes is started here: from a terminal session that leaves traces on
// whoever does not wipe them off, in a directory of its own, by a tool that loses nobody.
#pragma once

#include "process.hpp"

#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <termios.h>

#include <array>
#include <cstring>
#include <functional>
#include <iostream>

namespace peers {

constexpr int skipped = 77; // CTest's SKIP_RETURN_CODE
constexpr int low_stray = 77;
constexpr int high_stray = 900;

// A fresh directory, gone with everything in it at the end.
class Scratch {
public:
    Scratch() {
        const char* place = std::getenv("TMPDIR");
        path_ = std::string(place != nullptr ? place : "/tmp") + "/daemon-peers.XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr)
            fail(path_);
        ::chmod(path_.c_str(), 0755);
    }
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }

    const std::string& path() const { return path_; }
    std::string run() const { return path_ + "/run"; }
    // Every start finds the same empty directory: its path is part of no difference between runs.
    void renew() const {
        std::filesystem::remove_all(run());
        std::filesystem::create_directory(run());
        ::chmod(run().c_str(), 0755);
    }

private:
    std::string path_;
};

// The end of a terminal that a user would look at.
class Terminal {
public:
    Terminal() : master_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
        std::array<char, 64> name{};
        if (!master_ || ::grantpt(master_.get()) != 0 || ::unlockpt(master_.get()) != 0 ||
            ::ptsname_r(master_.get(), name.data(), name.size()) != 0)
            fail("pseudo-terminal");
        name_ = name.data();
        slave_ = Descriptor(::open(name_.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (!slave_)
            fail(name_);
    }

    int slave() const { return slave_.get(); }
    int master() const { return master_.get(); }
    void become_controlling() const {
        if (::ioctl(slave_.get(), TIOCSCTTY, 0) != 0)
            fail("TIOCSCTTY");
    }
    void hang_up() {
        slave_.reset();
        master_.reset();
    }
    // What was written since the last question.
    std::string said() {
        std::array<char, 4096> part{};
        std::string text;
        for (ssize_t n = 0; master_ && (n = ::read(master_.get(), part.data(), part.size())) > 0;)
            text.append(part.data(), static_cast<std::size_t>(n));
        std::erase(text, '\r');
        return text;
    }
    // The line discipline hands output on from a work queue: the last words may come a little late.
    std::string last_words() {
        pollfd readable{master_.get(), POLLIN, 0};
        ::poll(&readable, 1, 2000);
        return said();
    }

private:
    Descriptor master_;
    Descriptor slave_;
    std::string name_;
};

// Whether it says more than who speaks: the program's own name and punctuation are no reason.
inline bool gives_reason(std::string text, const std::string& program) {
    const std::string name = std::filesystem::path(program).filename().string();
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name))
        text.erase(at, name.size());
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
}

inline std::string one_line(std::string text) {
    while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
        text.pop_back();
    std::replace(text.begin(), text.end(), '\n', '|');
    return text.size() > 160 ? text.substr(0, 157) + "..." : text;
}

// COMMAND ARGS with {pid} and {log} standing for the files that the tool chose.
struct Command {
    std::vector<std::string> words;

    bool names_pid_file() const {
        return std::any_of(words.begin(), words.end(), [](const std::string& word) {
            return word.find("{pid}") != std::string::npos;
        });
    }
    Command with(const std::string& pid_path, const std::string& log_path) const {
        Command filled = *this;
        for (std::string& word : filled.words) {
            replace(word, "{pid}", pid_path);
            replace(word, "{log}", log_path);
        }
        return filled;
    }
    // Starts happen in a directory of the tool's choice, which a relative name would not survive;
    // and a search along PATH would look like calls of the program.
    void make_absolute() {
        if (words.empty())
            return;
        if (words[0].find('/') != std::string::npos) {
            words[0] = std::filesystem::absolute(words[0]).string();
            return;
        }
        const char* path = std::getenv("PATH");
        std::istringstream directories(path != nullptr ? path : "/usr/bin:/bin");
        for (std::string directory; std::getline(directories, directory, ':');)
            if (::access((directory + "/" + words[0]).c_str(), X_OK) == 0) {
                words[0] = directory + "/" + words[0];
                return;
            }
    }

private:
    static void replace(std::string& word, const std::string& mark, const std::string& path) {
        for (auto at = word.find(mark); at != std::string::npos; at = word.find(mark, at))
            word.replace(at, mark.size(), path);
    }
};

enum class Leads { group, session };

struct Launch {
    Command command;
    const Terminal* terminal = nullptr;
    std::string directory;
    Leads leads = Leads::group; // of the terminal's session the launcher is a member, or the leader
    bool dirty = false;         // inherits what no daemon wants: see soil()
    std::string output;         // stdout goes to this file instead of the terminal
    std::function<void()> before_exec;
};

// No daemon wants these, and none may rely on not getting them.
inline void soil() {
    ::umask(077);
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGUSR1);
    sigaddset(&blocked, SIGHUP);
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    for (const int ignored : {SIGINT, SIGUSR2, SIGPIPE})
        ::signal(ignored, SIG_IGN);
    const int stray = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
    ::dup2(stray, low_stray);
    ::dup2(stray, high_stray);
}

namespace detail {
// A loop over every possible descriptor is slow, not wrong: keep it short.
inline void limit_descriptors() {
    rlimit few{};
    ::getrlimit(RLIMIT_NOFILE, &few);
    few.rlim_cur = std::min<rlim_t>(few.rlim_cur, 1024);
    ::setrlimit(RLIMIT_NOFILE, &few);
}

inline void forget_supervisors() {
    for (const char* name : {"NOTIFY_SOCKET", "LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES",
                             "SYSTEMD_EXEC_PID", "INVOCATION_ID", "WATCHDOG_USEC", "WATCHDOG_PID"})
        ::unsetenv(name);
}

inline void take_terminal(const Launch& launch) {
    if (launch.leads == Leads::session) {
        ::setsid();
        launch.terminal->become_controlling();
    } else {
        ::setpgid(0, 0);
        ::tcsetpgrp(launch.terminal->slave(), ::getpid()); // SIGTTOU is ignored until below
    }
    for (const int number : {0, 1, 2})
        ::dup2(launch.terminal->slave(), number);
    if (!launch.output.empty()) {
        const int file =
            ::open(launch.output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        ::dup2(file, 1);
    }
}

[[noreturn]] inline void become(const Launch& launch) {
    forget_supervisors();
    limit_descriptors();
    take_terminal(launch);
    for (int signal = 1; signal < NSIG; ++signal)
        ::signal(signal, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(022);
    if (::chdir(launch.directory.c_str()) != 0)
        ::_exit(126);
    if (launch.dirty)
        soil();
    std::vector<char*> words;
    for (const std::string& word : launch.command.words)
        words.push_back(const_cast<char*>(word.c_str())); // exec's signature; nothing is written
    words.push_back(nullptr);
    if (launch.before_exec)
        launch.before_exec();
    ::execv(words[0], words.data());
    ::dprintf(2, "%s: %s\n", words[0], std::strerror(errno));
    ::_exit(127);
}
} // namespace detail

inline pid_t launch(const Launch& start) {
    const pid_t pid = ::fork();
    if (pid < 0)
        fail("fork");
    if (pid == 0)
        detail::become(start);
    return pid;
}

// Ends everyone who was started, whatever became of them.
template <class Pump>
void end_everyone(Pump pump, Reaper& reaper) {
    const auto nobody = [&] {
        reaper.reap();
        const auto left = descendants();
        for (const Process& process : left)
            signal_descendant(process.pid, SIGKILL);
        return left.empty();
    };
    const auto end = Clock::now() + milliseconds(5000);
    while (!nobody() && Clock::now() < end)
        pump(milliseconds(1));
    reaper.reap();
}

namespace detail {
inline pid_t forwarded_to = 0;

inline void on_signal(void (*handler)(int)) {
    struct sigaction action {};
    action.sa_handler = handler;
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        ::sigaction(signal, &action, nullptr);
}

[[noreturn]] inline void run_inside(const std::function<int()>& body) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    on_signal([](int) { interrupted = 1; });
    ::signal(SIGHUP, SIG_IGN); // the terminals of this session come and go
    ::signal(SIGTTOU, SIG_IGN);
    ::signal(SIGPIPE, SIG_IGN);
    ::syscall(SYS_close_range, 3U, ~0U, 0U); // nothing of our caller's is what a start inherits
    ::setsid();
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    int status = 2;
    try {
        status = body();
    } catch (const Interrupted&) {
        status = 130;
    } catch (const std::exception& error) {
        std::cerr << ::program_invocation_short_name << ": " << error.what() << '\n';
    }
    Reaper reaper;
    end_everyone(
        [](milliseconds pause) { ::usleep(static_cast<useconds_t>(pause.count()) * 1000); },
        reaper);
    std::cout.flush();
    ::_exit(status);
}
} // namespace detail

// Runs the body as the leader of a session of its own and as subreaper, so that terminals can be
// taken and hung up at will, and nobody who was started escapes.
inline int in_own_session(const std::function<int()>& body) {
    std::cout.flush();
    const pid_t inside = ::fork();
    if (inside < 0)
        fail("fork");
    if (inside == 0)
        detail::run_inside(body);
    detail::forwarded_to = inside;
    detail::on_signal([](int) { ::kill(detail::forwarded_to, SIGTERM); });
    int status = 0;
    while (::waitpid(inside, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

// --name VALUE pairs and flags in front of `--`, then the command.
class Arguments {
public:
    Arguments(int count, char** words) : words_(words + 1, words + count) {}

    // The next option, or nothing where the command begins.
    std::optional<std::string> option() {
        if (next_ == words_.size() || words_[next_][0] != '-')
            return std::nullopt;
        const std::string word = words_[next_++];
        return word == "--" ? std::nullopt : std::optional(word);
    }
    std::string value(const std::string& of) {
        if (next_ == words_.size())
            throw std::invalid_argument(of + " needs a value");
        return words_[next_++];
    }
    int number(const std::string& of) { return std::stoi(value(of)); }
    Command command() const {
        Command rest{{words_.begin() + static_cast<std::ptrdiff_t>(next_), words_.end()}};
        if (rest.words.empty())
            throw std::invalid_argument("no COMMAND given");
        rest.make_absolute();
        return rest;
    }

private:
    std::vector<std::string> words_;
    std::size_t next_ = 0;
};

inline int signal_by_name(std::string name) {
    if (name.starts_with("SIG"))
        name.erase(0, 3);
    for (int signal = 1; signal < NSIG; ++signal)
        if (const char* abbreviation = ::sigabbrev_np(signal);
            abbreviation != nullptr && name == abbreviation)
            return signal;
    throw std::invalid_argument(name + ": not a signal");
}

} // namespace peers
