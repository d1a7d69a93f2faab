// SPDX-License-Identifier: BSL-1.0
// What the kernel says about processes and files, read from /proc: the three programs share it.
#pragma once

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace peers {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

// Thrown out of any wait after SIGINT or SIGTERM, so that destructors clean up.
struct Interrupted {};
inline volatile std::sig_atomic_t interrupted = 0;
inline void leave_if_interrupted() {
    if (interrupted != 0)
        throw Interrupted{};
}

[[noreturn]] inline void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int number) : number_(number) {}
    Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
    ~Descriptor() { reset(); }

    int get() const { return number_; }
    explicit operator bool() const { return number_ >= 0; }
    void reset() {
        if (number_ >= 0)
            ::close(std::exchange(number_, -1));
    }

private:
    int number_ = -1;
};

// An unreadable file reads as empty: processes come and go while they are looked at.
inline std::string slurp(const std::string& path) {
    const std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

inline std::string link_target(const std::string& path) {
    std::string target(4096, '\0');
    const ssize_t length = ::readlink(path.c_str(), target.data(), target.size());
    target.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return target;
}

inline std::string proc(pid_t pid, const char* entry) {
    return "/proc/" + std::to_string(pid) + "/" + entry;
}

struct Process {
    pid_t pid = 0;
    char state = '?';
    pid_t parent = 0;
    pid_t group = 0;
    pid_t session = 0;
    int terminal = 0;

    bool dead() const { return state == 'Z' || state == 'X'; }
};

inline std::optional<Process> look_up(pid_t pid) {
    const std::string line = slurp(proc(pid, "stat"));
    const auto after_name = line.rfind(')'); // the name may hold anything, ')' and spaces included
    if (after_name == std::string::npos)
        return std::nullopt;
    Process found{.pid = pid};
    std::istringstream fields(line.substr(after_name + 1));
    fields >> found.state >> found.parent >> found.group >> found.session >> found.terminal;
    return found;
}

inline std::vector<pid_t> numbers_in(const std::string& directory) {
    std::vector<pid_t> numbers;
    std::error_code gone;
    for (auto entry = std::filesystem::directory_iterator(directory, gone);
         !gone && entry != std::filesystem::directory_iterator{}; entry.increment(gone)) {
        const std::string name = entry->path().filename().string();
        if (std::isdigit(static_cast<unsigned char>(name[0])) != 0)
            numbers.push_back(static_cast<pid_t>(std::stol(name)));
    }
    std::sort(numbers.begin(), numbers.end());
    return numbers;
}

// Everyone below this process, the dead ones too. Being a subreaper it gets orphans as children, so
// that nobody who was started here can hide by forking twice.
inline std::vector<Process> family() {
    std::vector<Process> all;
    for (const pid_t pid : numbers_in("/proc"))
        if (auto process = look_up(pid))
            all.push_back(*process);
    std::set<pid_t> numbers{::getpid()};
    for (bool grown = true; std::exchange(grown, false);)
        for (const Process& process : all)
            if (numbers.contains(process.parent) && numbers.insert(process.pid).second)
                grown = true;
    std::erase_if(all, [&](const Process& process) {
        return process.pid == ::getpid() || !numbers.contains(process.pid);
    });
    return all;
}

inline std::vector<Process> living(std::vector<Process> processes) {
    std::erase_if(processes, [](const Process& process) { return process.dead(); });
    return processes;
}

// The living ones. One walk can miss a process: it lists the numbers, then a parent forks and ends,
// and the parent is found dead. So two walks in a row have to find the same.
inline std::vector<Process> descendants() {
    const auto same = [](const Process& a, const Process& b) {
        return a.pid == b.pid && a.dead() == b.dead();
    };
    auto found = family();
    for (auto again = family();
         !std::equal(found.begin(), found.end(), again.begin(), again.end(), same);
         again = family())
        found = std::move(again);
    return living(std::move(found));
}

inline bool is_descendant(pid_t pid) {
    const auto all = descendants();
    return std::any_of(all.begin(), all.end(), [&](const Process& p) { return p.pid == pid; });
}

// The pidfd is opened first and the descent checked afterwards: the signal cannot reach a stranger
// who was given the number in between.
inline bool signal_descendant(pid_t pid, int signal) {
    const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    return handle && is_descendant(pid) &&
           ::syscall(SYS_pidfd_send_signal, handle.get(), signal, nullptr, 0) == 0;
}

// The wait status of every child that was reaped, orphans that came here included.
class Reaper {
public:
    void reap() {
        int status = 0;
        while (true) {
            const pid_t pid = ::waitpid(-1, &status, WNOHANG);
            if (pid <= 0)
                return;
            record(pid, status);
        }
    }
    void record(pid_t pid, int status) { statuses_[pid] = status; }
    void forget() { statuses_.clear(); }
    std::optional<int> status(pid_t pid) const {
        const auto found = statuses_.find(pid);
        return found == statuses_.end() ? std::nullopt : std::optional(found->second);
    }

private:
    std::map<pid_t, int> statuses_;
};

inline std::string in_words(int wait_status) {
    if (WIFSIGNALED(wait_status))
        return std::string("killed by ") + ::strsignal(WTERMSIG(wait_status));
    return "status " + std::to_string(WEXITSTATUS(wait_status));
}

inline std::string status_field(pid_t pid, const std::string& name) {
    std::istringstream lines(slurp(proc(pid, "status")));
    for (std::string line; std::getline(lines, line);)
        if (line.starts_with(name + ":"))
            return line.substr(
                std::min(line.find_first_not_of(" \t", name.size() + 1), line.size()));
    return {};
}

inline unsigned long long signal_set(pid_t pid, const std::string& name) {
    return std::strtoull(status_field(pid, name).c_str(), nullptr, 16);
}

inline std::map<int, std::string> open_descriptors(pid_t pid) {
    std::map<int, std::string> open;
    for (const pid_t number : numbers_in(proc(pid, "fd")))
        open[number] = link_target(proc(pid, "fd/") + std::to_string(number));
    return open;
}

// A fingerprint of everyone's sleep, or nothing while somebody is awake. Two equal fingerprints
// some time apart mean that nobody ran in between.
inline std::optional<std::string> slumber(const std::vector<Process>& processes) {
    std::string print;
    for (const Process& process : processes)
        for (const pid_t thread : numbers_in(proc(process.pid, "task"))) {
            const auto state = look_up(thread);
            if (!state || state->state != 'S')
                return std::nullopt;
            print += std::to_string(thread) + ":" +
                     status_field(thread, "voluntary_ctxt_switches") + " ";
        }
    return print;
}

// Who merely naps (a retry after a pause) is not through yet.
inline bool naps(const std::vector<Process>& processes) {
    return std::any_of(processes.begin(), processes.end(), [](const Process& process) {
        const std::string call = slurp(proc(process.pid, "syscall"));
        const long number = std::strtol(call.c_str(), nullptr, 10);
        return std::isdigit(static_cast<unsigned char>(call.empty() ? 'r' : call[0])) != 0 &&
               (number == SYS_nanosleep || number == SYS_clock_nanosleep);
    });
}

// Waits until the whole tree sleeps. `pump(pause)` attends to whatever must be attended to for
// that long, and says whether anything happened; `enough_seen` ends the wait early.
template <class Pump, class Condition>
bool settle(Pump pump, milliseconds limit, Condition enough_seen) {
    constexpr int enough = 3;
    const auto end = Clock::now() + limit;
    std::optional<std::string> before;
    for (int calm = 0; Clock::now() < end && !enough_seen();) {
        leave_if_interrupted();
        const bool busy = pump(milliseconds(2));
        const auto tree = living(family()); // a quick look: who polls every 10 ms is calm meanwhile
        const auto now = slumber(tree);
        calm = !busy && now && now == before && !naps(tree) ? calm + 1 : 0;
        before = now;
        if (calm == enough)
            return true;
    }
    return false;
}

template <class Pump>
bool settle(Pump pump, milliseconds limit) {
    return settle(pump, limit, [] { return false; });
}

template <class Pump, class Condition>
bool wait_until(Condition condition, Pump pump, milliseconds limit) {
    const auto end = Clock::now() + limit;
    while (!condition()) {
        leave_if_interrupted();
        if (Clock::now() >= end)
            return false;
        pump(milliseconds(1));
    }
    return true;
}

// Waits for an end that should come. Whoever only sleeps has two seconds to come to it; whoever is
// at work on a busy machine has much more.
template <class Pump, class Condition>
bool comes_to_pass(Condition condition, Pump pump) {
    return wait_until(condition, pump, milliseconds(2000)) ||
           (settle(pump, milliseconds(30000), condition), condition());
}

// Kinds of locks that anyone holds on the file: "OFDLCK", "POSIX", "FLOCK".
inline std::set<std::string> locks_on(const std::string& path) {
    struct stat file {};
    std::set<std::string> kinds;
    if (::lstat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode))
        return kinds;
    char place[64];
    std::snprintf(place, sizeof place, " %02x:%02x:%llu ", ::major(file.st_dev),
                  ::minor(file.st_dev), static_cast<unsigned long long>(file.st_ino));
    std::istringstream lines(slurp("/proc/locks"));
    for (std::string line; std::getline(lines, line);)
        if (line.find(place) != std::string::npos && line.find("->") == std::string::npos) {
            std::istringstream words(line);
            std::string number, kind;
            words >> number >> kind;
            kinds.insert(kind);
        }
    // Some file systems show another device in /proc/locks than stat does: ask the file as well.
    const Descriptor probe(::open(path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    struct flock whole {};
    whole.l_type = F_WRLCK;
    if (probe && ::fcntl(probe.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK)
        kinds.insert(whole.l_pid == -1 ? "OFDLCK" : "POSIX");
    return kinds;
}

inline bool exists(const std::string& path) {
    struct stat file {};
    return ::lstat(path.c_str(), &file) == 0;
}

} // namespace peers
