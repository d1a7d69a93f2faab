// SPDX-License-Identifier: BSL-1.0
// Starts made in a forked child of the test, with everything that comes of them found again.
#ifndef DAEMONIZER_TESTS_PROCESS_LAUNCH_HPP
#define DAEMONIZER_TESTS_PROCESS_LAUNCH_HPP

#include "catch.hpp"

#include <daemonizer/daemonizer.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace launch {

// No wait of a test that passes comes near it: every one ends by an event.
constexpr auto patience = std::chrono::seconds{30};

// What launcher and daemon speak to the test through: lines to the test, single bytes from it. A
// composition that closes descriptors keeps them as `Wires`.
constexpr int facts = 200, gate = 201;
using Wires = daemonizer::CloseDescriptors<facts, gate>;

// ---- In the processes of a start ----------------------------------------------------------------

inline void tell(const std::string& fact) {
    const std::string line = fact + '\n';
    if (::write(facts, line.data(), line.size()) != static_cast<ssize_t>(line.size()))
        ::_exit(98);
}
inline void tell_pid(const std::string& who = "pid") { tell(who + ' ' + std::to_string(getpid())); }

/// Until the test lets one process go, or has ended.
inline void await_gate() {
    char byte;
    while (::read(gate, &byte, 1) < 0 && errno == EINTR) {
    }
}

/// The body of a daemon that serves until the test lets it go.
constexpr auto serve = [](auto& daemon) {
    tell_pid();
    daemon.ready();
    await_gate();
    return 0;
};

// ---- In any process -----------------------------------------------------------------------------

inline auto text_of(const std::string& path) -> std::string {
    std::ostringstream text;
    text << std::ifstream{path}.rdbuf();
    return text.str();
}
inline void write_text(const std::string& path, const std::string& text) {
    std::ofstream{path} << text;
}
inline auto exists(const std::string& path) -> bool {
    struct stat status;
    return ::lstat(path.c_str(), &status) == 0;
}
/// The names in a directory, in order.
inline auto names_in(const std::string& directory) -> std::string {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator{directory})
        names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    std::string all;
    for (const auto& name : names)
        all += (all.empty() ? "" : " ") + name;
    return all;
}
/// Exit status, or the negative signal.
inline auto code_of(int status) -> int {
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

/// The fields of /proc/PID/stat from the third, the state, on; none where there is no such process.
inline auto stat_of(const std::string& pid) -> std::vector<std::string> {
    const std::string text = text_of("/proc/" + pid + "/stat");
    const auto end_of_name = text.rfind(')');
    std::vector<std::string> fields;
    if (end_of_name == std::string::npos)
        return fields;
    std::istringstream rest{text.substr(end_of_name + 1)};
    for (std::string field; rest >> field;)
        fields.push_back(field);
    return fields;
}

struct Outcome {
    int status = -1; ///< exit status, or the negative signal
    std::string out, err;
};

/// A directory, pipes to what is started, and the end of all that was: the test is subreaper, so
/// nothing that a start leaves gets away.
class Scene {
public:
    Scene() {
        std::string name = std::filesystem::temp_directory_path() / "daemonizer.XXXXXX";
        if (::mkdtemp(name.data()) == nullptr || ::chmod(name.c_str(), 0755) != 0)
            throw std::runtime_error{"mkdtemp"};
        directory_ = name;
        for (int* const pipe : {facts_, gate_, out_, err_})
            if (::pipe2(pipe, O_CLOEXEC) != 0)
                throw std::runtime_error{"pipe2"};
        for (const int fd : {facts_[0], out_[0], err_[0]})
            ::fcntl(fd, F_SETFL, O_NONBLOCK);
        ::prctl(PR_SET_CHILD_SUBREAPER, 1UL);
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &child, &mask_before_);
    }
    Scene(const Scene&) = delete;
    auto operator=(const Scene&) -> Scene& = delete;
    ~Scene() {
        end_all();
        ::sigprocmask(SIG_SETMASK, &mask_before_, nullptr);
        for (const int* const pipe : {facts_, gate_, out_, err_}) {
            ::close(pipe[0]);
            ::close(pipe[1]);
        }
        std::error_code ignored;
        std::filesystem::remove_all(directory_, ignored);
    }

    auto directory() const -> const std::string& { return directory_; }
    auto path(const std::string& name) const -> std::string { return directory_ + '/' + name; }
    auto names() const -> std::string { return names_in(directory_); }

    /// Runs `body` in a child with nothing of ours but the wires, every disposition default and
    /// nothing blocked. What it returns is the exit status, by _exit.
    template <class Body>
    auto begin(Body body) -> pid_t {
        std::fflush(nullptr);
        const pid_t child = ::fork();
        if (child != 0)
            return child;
        int status = 99;
        try {
            become_starter();
            status = body();
        } catch (const std::exception& exception) {
            std::fprintf(stderr, "the test's child: %s\n", exception.what());
        }
        ::_exit(status);
    }

    /// As begin, until that child has ended; then also with what it wrote so far.
    template <class Body>
    auto run(Body body) -> Outcome {
        return outcome_of(begin(body));
    }
    /// And `meanwhile()` is called here.
    template <class Body, class Meanwhile>
    auto run(Body body, Meanwhile meanwhile) -> Outcome {
        const pid_t child = begin(body);
        meanwhile();
        return outcome_of(child);
    }
    auto outcome_of(pid_t child) -> Outcome {
        const int status = end_of(child);
        return {status, drain(out_[0]), drain(err_[0])};
    }
    /// What was written to the stdout, or stderr, of a starter since an outcome took it.
    auto out() -> std::string { return drain(out_[0]); }
    auto err() -> std::string { return drain(err_[0]); }

    /// How a child, or an orphan that has become one, ends.
    auto end_of(pid_t pid) -> int {
        if (const auto known = ended_.find(pid); known != ended_.end())
            return known->second;
        int status = 0;
        const bool ended = until([&] { return ::waitpid(pid, &status, WNOHANG) == pid; });
        INFO("process " << pid);
        REQUIRE(ended);
        return ended_[pid] = code_of(status);
    }
    auto still_runs(pid_t pid) const -> bool {
        const auto stat = stat_of(std::to_string(pid));
        return !stat.empty() && stat[0] != "Z" && stat[0] != "X";
    }

    /// The rest of the first line that begins with `key`, waited for.
    auto fact(const std::string& key) -> std::string {
        std::string value;
        const bool told = until([&] { return take_fact(key, value); }, facts_[0]);
        INFO("nobody said \"" << key << "\", but: " << heard());
        REQUIRE(told);
        return value;
    }
    auto number(const std::string& key) -> int { return std::stoi(fact(key)); }
    auto pid(const std::string& key = "pid") -> pid_t { return number(key); }
    /// All that was told so far and not yet taken.
    auto heard() -> std::string {
        heard_ += drain(facts_[0]);
        return heard_;
    }

    /// Lets one process that waits at the gate go on.
    void let_go() const { REQUIRE(::write(gate_[1], "", 1) == 1); }
    /// Lets a serving daemon go, and how it ends.
    auto dismiss(pid_t daemon) -> int {
        let_go();
        return end_of(daemon);
    }

    /// The living processes that descend from this test: "" where nothing was left.
    auto strays() const -> std::string {
        std::string all;
        for (const pid_t pid : descendants())
            all += std::to_string(pid) + text_of("/proc/" + std::to_string(pid) + "/stat");
        return all;
    }

    /// Whether nobody stays: the intermediate may end a moment after the launcher.
    auto nobody_stays() const -> bool {
        return until([&] { return strays().empty(); });
    }

    /// Waits until `holds`: looks again after every SIGCHLD, when `fd` can be read, and every few
    /// milliseconds for what sends no word. False when patience is over.
    template <class Predicate>
    auto until(Predicate holds, int fd = -1) const -> bool {
        const auto deadline = std::chrono::steady_clock::now() + patience;
        while (!holds()) {
            if (std::chrono::steady_clock::now() > deadline)
                return false;
            pollfd entry{fd, POLLIN, 0};
            const timespec pause{0, 5'000'000};
            if (fd < 0) {
                sigset_t child;
                sigemptyset(&child);
                sigaddset(&child, SIGCHLD);
                ::sigtimedwait(&child, nullptr, &pause);
            } else {
                ::ppoll(&entry, 1, &pause, nullptr);
            }
        }
        return true;
    }

private:
    void become_starter() const {
        ::prctl(PR_SET_CHILD_SUBREAPER, 0UL);
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        for (int signal = 1; signal < NSIG; ++signal)
            ::sigaction(signal, &standard, nullptr);
        sigset_t nothing;
        sigemptyset(&nothing);
        ::sigprocmask(SIG_SETMASK, &nothing, nullptr);
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        ::dup2(null, 0);
        ::dup2(out_[1], 1);
        ::dup2(err_[1], 2);
        ::dup2(facts_[1], facts);
        ::dup2(gate_[0], gate);
        for (const int* const pipe : {facts_, gate_, out_, err_}) {
            ::close(pipe[0]);
            ::close(pipe[1]);
        }
        ::close(null);
    }

    static auto drain(int fd) -> std::string {
        std::string text;
        char piece[4096];
        for (ssize_t size; (size = ::read(fd, piece, sizeof piece)) > 0;)
            text.append(piece, static_cast<std::size_t>(size));
        return text;
    }

    auto take_fact(const std::string& key, std::string& value) -> bool {
        heard();
        for (std::size_t at = 0, end; (end = heard_.find('\n', at)) != std::string::npos;
             at = end + 1) {
            const std::string line = heard_.substr(at, end - at);
            if (line != key && line.rfind(key + ' ', 0) != 0)
                continue;
            value = line.substr(std::min(line.size(), key.size() + 1));
            heard_.erase(at, end - at + 1);
            return true;
        }
        return false;
    }

    /// Those below this test by number, and whether each is alive.
    static auto family() -> std::map<pid_t, bool> {
        std::map<pid_t, std::pair<pid_t, char>> all; // parent and state
        for (const auto& entry : std::filesystem::directory_iterator{"/proc"}) {
            const std::string name = entry.path().filename();
            if (std::isdigit(static_cast<unsigned char>(name[0])) == 0)
                continue;
            if (const auto stat = stat_of(name); stat.size() > 1)
                all[std::stoi(name)] = {std::stoi(stat[1]), stat[0][0]};
        }
        std::map<pid_t, bool> ours;
        for (const auto& [pid, process] : all) {
            pid_t ancestor = process.first;
            while (ancestor > 1 && ancestor != ::getpid())
                ancestor = all.count(ancestor) != 0 ? all[ancestor].first : 0;
            if (ancestor == ::getpid())
                ours[pid] = process.second != 'Z' && process.second != 'X';
        }
        return ours;
    }

    /// One walk can miss a process: it lists the numbers, then a parent forks and ends, and the
    /// parent is found dead. So two walks in a row have to find the same.
    static auto descendants() -> std::vector<pid_t> {
        auto found = family();
        for (auto again = family(); again != found; again = family())
            found = std::move(again);
        std::vector<pid_t> living;
        for (const auto& [pid, alive] : found)
            if (alive)
                living.push_back(pid);
        return living;
    }

    void end_all() const {
        until([] {
            for (const pid_t pid : descendants())
                ::kill(pid, SIGKILL);
            while (::waitpid(-1, nullptr, WNOHANG) > 0) {
            }
            return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD;
        });
    }

    std::string directory_;
    int facts_[2], gate_[2], out_[2], err_[2];
    sigset_t mask_before_;
    std::map<pid_t, int> ended_;
    std::string heard_;
};

/// Until the process sleeps: in its one blocking call, since nothing else would make it.
inline void await_sleep(const Scene& scene, pid_t pid) {
    REQUIRE(scene.until([&] {
        const auto stat = stat_of(std::to_string(pid));
        return !stat.empty() && stat[0] == "S";
    }));
}

/// Stops a process, as kill -STOP does, and sees it stopped.
inline void stop(const Scene& scene, pid_t pid) {
    ::kill(pid, SIGSTOP);
    REQUIRE(scene.until([&] {
        const auto stat = stat_of(std::to_string(pid));
        return !stat.empty() && stat[0] == "T";
    }));
}

/// As a launcher says it.
inline auto line(const std::string& text) -> std::string {
    return std::string{program_invocation_short_name} + ": " + text + '\n';
}

/// A refusal as the contract has it: the status, one line with step and reason ("STEP: WHAT:
/// REASON", the program's name before it), no process left.
inline void check_refused(const Scene& scene, const Outcome& outcome, int status,
                          const std::string& text) {
    CHECK(outcome.status == status);
    CHECK(outcome.err == line(text));
    CHECK(outcome.out == "");
    CHECK(scene.strays() == "");
}

} // namespace launch

#endif
