// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_TESTS_RECORDING_HOST_HPP
#define DAEMONIZER_TESTS_RECORDING_HOST_HPP

#include "recording_rights.hpp"

#include <daemonizer/daemonizer.hpp>

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

namespace recording {

/// Thrown where a process would leave; what the library does while it flies is not recorded.
struct Exited {
    int status;
};

/// What happens while the process sleeps in poll. When nothing is left, its time is over.
struct Arrives { ///< on the report's socket; empty: the other end is closed
    std::string message;
    pid_t sender = 102; ///< as the kernel has it
};
struct Dies { ///< a child, of exit or of a signal; SIGCHLD says so
    pid_t child;
    int code, status;
};
struct Interrupts { ///< a signal comes: its handler runs, or where it is blocked it stays pending
    int signal;
};
using Event = std::variant<Arrives, Dies, Interrupts>;

struct Child {
    pid_t pid;
    int code = 0, status = 0; ///< of its end; code 0: lives
    pid_t group = 101;
};

struct File {
    ino_t inode;
    mode_t kind = S_IFREG;
    nlink_t names = 1;
    uid_t owner = ::geteuid();
    mode_t mode = 0644;
    off_t size = 0;
    bool has_reader = false; ///< who may only read it holds a read lock on all of it
};

/// The log of calls, and the small model that answers them. A test owns it, and asks and changes it
/// as it likes.
struct Record {
    Record() { daemonizer::detail::has_taken_handover = false; } // of another process
    std::vector<std::string> calls;                              ///< "open /run/x.pid", "close 7"
    std::vector<std::string> mistakes;

    // To be scripted.
    std::deque<pid_t> forks; ///< 0: go on as the child; else as its parent. When empty: 0
    std::deque<Event> events;
    std::deque<int> signals; ///< what the descriptor of SignalFd yields
    bool knows_one_thread = true;
    nlink_t tasks = 3; ///< links of /proc/self/task
    bool launcher_takes_ready = true;
    bool can_execute = true;        ///< the program's file
    bool ignores_terminate = false; ///< the children
    bool is_subreaper = false;
    bool has_signalfd = true;
    int terminal_width = -ENOTTY;
    std::vector<int> blocked_before;   ///< by the starter
    std::string content;               ///< of every file that is read
    std::string link = "/opt/program"; ///< the target of every symbolic link
    std::map<off_t, pid_t> locked;     ///< by whom, each byte of every file; -1: by a start
    ino_t locked_file = 0;             ///< 0: every file
    std::map<off_t, pid_t> named;      ///< by a process itself, once it has locked a byte
    rlim_t file_size = RLIM_INFINITY;
    rlim_t descriptors = 64;                     ///< their limit
    std::string listed;                          ///< what /proc/self/fd yields
    int landlock_reports = 7;                    ///< the ABI, or a negative errno
    int landlock_knows = 7;                      ///< the ABI whose rights are accepted
    bool confinement_works = true;               ///< or it is answered for, and nothing happens
    std::map<std::string, std::string> contents; ///< of files that are read, by path
    std::map<int, pid_t> peers;                  ///< who has made a socket

    // The model.
    pid_t pid = 100, parent = 1;
    ino_t last_inode = 100;
    std::map<int, ino_t> open{{0, 1}, {1, 1}, {2, 1}};
    std::map<std::string, File> files{{"/dev/null", {1, S_IFCHR}}};
    std::map<std::string, int> opened_with; ///< the flags, by path
    std::map<int, struct sigaction> dispositions;
    struct Run {
        std::string line;
        int first = 0, last = 0;
    } defaults;               ///< that were set one after the other
    std::set<int> pending;    ///< signals
    std::map<int, int> wakes; ///< read end of a pipe to the bytes in it
    std::vector<Child> children;
    pid_t first_group = 101; ///< of the first child
    /// Before the launcher's `at`-th look at the report, from 1.
    struct {
        int at = 0;
        pid_t child = 0;
        int code = 0, status = 0;
    } dead_at_receive;
    struct {
        int at = 0, signal = 0;
    } pending_at_receive;
    int pending_after_taken = 0; ///< a signal
    int receives = 0;
    long long late_by = 0;  ///< the launcher, once it has had a first message
    std::set<pid_t> others; ///< processes that live and are no children of ours
    pid_t group_of_others = 0;
    std::set<pid_t> unkillable; ///< children that even KILL does not end
    int adopted_after_sleeps = 0;
    Child adopted{};
    std::vector<Child> descendants; ///< who become children as soon as there is a first
    std::map<int, std::string> written;
    std::vector<daemonizer::detail::Report> sent; ///< ready and failed; ready's failure is empty
    std::map<int, std::string> unread;            ///< by descriptor
    Rights rights;
    std::vector<std::vector<char>> mappings;
    int mapped = 0;
    long long time = 0;
    sigset_t watched{};          ///< by the signalfd
    bool answers_at_once = true; ///< the launcher, to ready
    int answers_after = 0;       ///< or after so many looks; 0: never
    bool left = false;
    bool has_landlock = false, has_filter = false;
    std::vector<daemonizer::detail::FilterInstruction> filter;

    /// Answers the `which`-th call (from 1) whose line begins with `name` with `-error`.
    void fail(const std::string& name, int which, int error) {
        failing_ = name;
        countdown_ = which;
        error_ = error;
    }
    /// From then on also the `after`-th call that follows, any that it is.
    void fail_again(int after) { after_ = after; }
    /// The line of the call that was answered so; empty as long as there was none.
    std::string failed;
    std::string failed_again;

    /// Logs a call; a negative errno where it is to fail, else 0.
    template <class... Parts>
    auto call(const Parts&... parts) -> int {
        if (left)
            return 0;
        if (++made_ == 100000)
            throw std::logic_error("calls without end");
        std::ostringstream line;
        int count = 0;
        ((line << (count++ == 0 ? "" : " ") << parts), ...);
        calls.push_back(line.str());
        if (!failed.empty() && after_ != 0 && --after_ == 0) {
            failed_again = calls.back();
            return -error_;
        }
        if (countdown_ == 0 || calls.back().rfind(failing_, 0) != 0 || --countdown_ != 0)
            return 0;
        failed = calls.back();
        return -error_;
    }

    [[noreturn]] void leave(const char* how, int status) {
        if (!left)
            calls.push_back(how + (" " + std::to_string(status)));
        left = true;
        throw Exited{status};
    }

    auto new_descriptor(ino_t inode, int above = 0) -> int {
        int fd = above;
        while (open.count(fd) != 0)
            ++fd;
        open[fd] = inode;
        return fd;
    }
    auto descriptors_above_stdio() const -> std::vector<int> {
        std::vector<int> found;
        for (const auto& [fd, inode] : open)
            if (fd > 2)
                found.push_back(fd);
        return found;
    }
    auto has_file(const std::string& path) const -> bool { return files.count(path) != 0; }

private:
    std::string failing_;
    int countdown_ = 0;
    int after_ = 0;
    int error_ = 0;
    int made_ = 0; ///< calls; a loop that does not end is a failure, and not a test that hangs
};

template <class Queue>
auto next(Queue& queue) {
    if (queue.empty())
        throw std::logic_error("nothing is scripted");
    const auto first = queue.front();
    queue.pop_front();
    return first;
}

inline auto signal_name(int number) -> std::string {
    switch (number) {
    case SIGHUP:
        return "HUP";
    case SIGINT:
        return "INT";
    case SIGQUIT:
        return "QUIT";
    case SIGALRM:
        return "ALRM";
    case SIGTSTP:
        return "TSTP";
    case SIGUSR1:
        return "USR1";
    case SIGKILL:
        return "KILL";
    case SIGPIPE:
        return "PIPE";
    case SIGTERM:
        return "TERM";
    case SIGCHLD:
        return "CHLD";
    default:
        return std::to_string(number);
    }
}

inline auto names(const sigset_t& set) -> std::string {
    if (sigismember(&set, SIGTERM) && sigismember(&set, SIGSEGV))
        return "all";
    std::string found;
    for (int signal = 1; signal <= SIGRTMAX; ++signal)
        if (sigismember(&set, signal) == 1)
            found += (found.empty() ? "" : " ") + signal_name(signal);
    return found.empty() ? "nothing" : found;
}

/// As getdents64(2) yields it.
inline auto listing(const std::vector<std::string>& entries) -> std::string {
    std::string all;
    for (const auto& name : entries) {
        const auto size = static_cast<std::uint16_t>((8 + 8 + 2 + 1 + name.size() + 1 + 7) / 8 * 8);
        std::string entry(size, '\0');
        std::memcpy(entry.data() + 16, &size, sizeof size);
        entry.replace(19, name.size(), name);
        all += entry;
    }
    return all;
}

/// Stands in the slot of PosixHost, has its interface, and makes no system call.
struct RecordingHost {
    static constexpr const char* children_list = "/proc/thread-self/children"; ///< a test makes it
    using slot = daemonizer::slots::host;
    using steps = daemonizer::step_list<>;

    Record* record;

    // Files ------------------------------------------------------------------------------------
    auto open(int directory, const char* path, int flags, mode_t mode = 0) const -> int {
        const std::string name = named(directory, path);
        if (const int error = record->call("open", name); error < 0)
            return error;
        if (record->has_landlock && name == "/")
            return -EACCES;
        auto& files = record->files;
        const bool exists = files.count(name) != 0 || (flags & O_DIRECTORY) != 0;
        if (exists && (flags & O_EXCL) != 0)
            return -EEXIST;
        if (!exists && (flags & O_CREAT) == 0)
            return -ENOENT;
        if ((flags & O_NOFOLLOW) != 0 && exists && files[name].kind == S_IFLNK)
            return -ELOOP;
        record->opened_with[name] = flags;
        if (files.count(name) == 0)
            files[name] = File{++record->last_inode,
                               (flags & O_DIRECTORY) != 0 ? mode_t{S_IFDIR} : mode_t{S_IFREG}, 1,
                               ::geteuid(), mode};
        const int fd = record->new_descriptor(files[name].inode);
        if (record->contents.count(name) != 0)
            record->unread[fd] = record->contents[name];
        return fd;
    }
    auto close(int fd) const -> int {
        if (const int error = record->call("close", fd); error < 0) {
            record->open.erase(fd); // as Linux does
            return error;
        }
        if (!record->left && record->open.erase(fd) == 0)
            record->mistakes.push_back("closes " + std::to_string(fd) + ", which is not open");
        return 0;
    }
    auto read(int fd, void* into, std::size_t size) const -> long {
        if (const int error = record->call("read", fd); error < 0 || fd < 0)
            return error < 0 ? error : -EBADF;
        if (const auto text = record->unread.find(fd); text != record->unread.end()) {
            const std::size_t length = std::min<std::size_t>(size, text->second.size());
            std::memcpy(into, text->second.data(), length);
            text->second.erase(0, length);
            return static_cast<long>(length);
        }
        if (record->has_file(children_list) &&
            record->open[fd] == record->files[children_list].inode) {
            std::string list;
            for (const Child& child : record->children)
                list += std::to_string(child.pid) + ' ';
            std::memcpy(into, list.data(), std::min(list.size(), size));
            return static_cast<long>(std::min(list.size(), size));
        }
        if (const auto pipe = record->wakes.find(fd); pipe != record->wakes.end()) {
            const int taken = std::min(pipe->second, static_cast<int>(size));
            pipe->second -= taken;
            return taken == 0 ? -EAGAIN : taken;
        }
        constexpr ino_t report = 4; // as socket_pair() makes it
        if (record->open[fd] == report)
            return record->launcher_takes_ready ? 1 : 0;
        signalfd_siginfo info{};
        info.ssi_signo = static_cast<std::uint32_t>(next(record->signals));
        std::memcpy(into, &info, std::min(size, sizeof info));
        return sizeof info;
    }
    auto write(int fd, const void* from, std::size_t size) const -> long {
        const std::string text(static_cast<const char*>(from), size);
        const int error = record->call("write", fd);
        if (const auto pipe = record->wakes.find(fd - 1); error == 0 && pipe != record->wakes.end())
            return ++pipe->second, 1;
        if (error == 0 && !record->left)
            record->written[fd] += text;
        return error < 0 ? error : static_cast<long>(size);
    }
    auto write_at(int fd, const void* from, std::size_t size, off_t) const -> long {
        const std::string text(static_cast<const char*>(from), size);
        const int error = record->call("write_at", fd, text.substr(0, size - 1));
        return error < 0 ? error : static_cast<long>(size);
    }
    auto read_at(int fd, void* into, std::size_t size, off_t) const -> long {
        const int error = record->call("read_at", fd);
        const std::size_t length = std::min(size, record->content.size());
        std::memcpy(into, record->content.data(), length);
        return error < 0 ? error : static_cast<long>(length);
    }
    auto truncate(int fd) const -> int { return record->call("truncate", fd); }
    auto change_mode(int fd, mode_t mode) const -> int {
        return record->call("chmod", fd, octal(mode));
    }
    auto status(int fd, struct stat& status) const -> int {
        status = {};
        if (fd < 0)
            record->mistakes.push_back("looks at " + std::to_string(fd));
        const int error = record->call("status", fd);
        for (const auto& [path, file] : record->files)
            if (file.inode == record->open[fd])
                describe(file, status);
        return error;
    }
    auto status(int directory, const char* path, struct stat& status) const -> int {
        status = {};
        const std::string name = named(directory, path);
        if (const int error = record->call("status", name); error < 0)
            return error;
        if (name == "/" && record->files.count(name) == 0)
            return describe({2, S_IFDIR}, status);
        if (name == "/proc/self/task")
            return describe({2, S_IFDIR, record->tasks}, status);
        const auto file = record->files.find(name);
        return file == record->files.end() ? -ENOENT : describe(file->second, status);
    }
    auto unlink(int directory, const char* path) const -> int {
        const std::string name = named(directory, path);
        const int error = record->call("unlink", name);
        if (error == 0)
            record->files.erase(name);
        return error;
    }
    auto rename(int directory, const char* from, const char* to) const -> int {
        const std::string source = named(directory, from), target = named(directory, to);
        if (const int error = record->call("rename", source, target); error < 0)
            return error;
        const auto file = record->files.extract(source);
        if (file.empty())
            return -ENOENT;
        record->files[target] = file.mapped();
        return 0;
    }
    auto rename_to_new(int directory, const char* from, const char* to) const -> int {
        const std::string source = named(directory, from), target = named(directory, to);
        if (const int error = record->call("rename_to_new", source, target); error < 0)
            return error;
        if (record->files.count(target) != 0)
            return -EEXIST;
        const auto file = record->files.extract(source);
        if (file.empty())
            return -ENOENT;
        record->files[target] = file.mapped();
        return 0;
    }
    auto lock(int fd, int command, struct flock& range) const -> int {
        const bool asks = command == F_GETLK || command == F_OFD_GETLK;
        const bool shared = command == F_OFD_SETLK || command == F_OFD_GETLK;
        const char* const what = asks ? "get_lock" : range.l_type == F_UNLCK ? "unlock" : "lock";
        const off_t last = range.l_start + range.l_len - 1;
        const std::string bytes = last == range.l_start ? "byte " + std::to_string(last)
                                                        : "bytes " + std::to_string(range.l_start) +
                                                              " to " + std::to_string(last);
        if (const int error = record->call(what, fd, shared ? "OFD" : "POSIX", bytes); error < 0)
            return error;
        auto holder = record->locked.lower_bound(range.l_start);
        bool is_held = holder != record->locked.end() && holder->first <= last &&
                       (record->locked_file == 0 || record->locked_file == record->open[fd]);
        if (asks && shared && !is_held) // through another description one's own shows
            is_held = (holder = record->named.find(last)) != record->named.end();
        if (asks) {
            range.l_type = is_held ? F_WRLCK : F_UNLCK;
            range.l_pid = is_held ? holder->second : 0;
            return 0;
        }
        for (const auto& [path, file] : record->files)
            is_held = is_held || (file.has_reader && file.inode == record->open[fd] &&
                                  range.l_type == F_WRLCK);
        if (is_held && range.l_type != F_UNLCK)
            return -EAGAIN;
        if (!shared)
            record->named[range.l_start] = record->pid;
        return 0;
    }
    // A supervisor's descriptors and sockets.
    auto status_flags(int fd) const -> int {
        const int error = record->call("flags", fd);
        return error < 0 ? error : record->open.count(fd) == 0 ? -EBADF : O_WRONLY;
    }
    auto close_on_exec(int fd) const -> int {
        const int error = record->call("close_on_exec", fd);
        return error < 0 ? error : record->open.count(fd) == 0 ? -EBADF : 0;
    }
    auto open_socket(int processes, int) const -> int {
        const int error = record->call("socket", processes);
        return error < 0 ? error : record->new_descriptor(77);
    }
    auto connect_socket(int fd, const void*, socklen_t) const -> int {
        return record->call("connect", fd);
    }
    auto bind_socket(int fd, const void*, socklen_t) const -> int {
        return record->call("bind", fd);
    }
    /// A line end is a space in the record.
    auto send_message(int fd, const msghdr& message) const -> long {
        std::string text(static_cast<const char*>(message.msg_iov->iov_base),
                         message.msg_iov->iov_len);
        std::replace(text.begin(), text.end(), '\n', ' ');
        const int error = record->call("tell", fd, text);
        return error < 0 ? error : static_cast<long>(text.size());
    }
    auto stop_sending(int fd) const -> int { return record->call("stop_sending", fd); }
    auto stop_receiving(int fd) const -> int { return record->call("stop_receiving", fd); }

    auto set_status_flags(int fd, int flags) const -> int {
        return record->call("set_flags", fd, (flags & O_APPEND) != 0 ? "append" : "none");
    }
    auto terminal_width(int fd) const -> int {
        const int error = record->call("width", fd);
        return error < 0 ? error : record->terminal_width;
    }
    auto duplicate_above_stdio(int fd) const -> int {
        const int error = record->call("duplicate", fd);
        return error < 0 ? error : record->new_descriptor(record->open[fd], 3);
    }
    auto duplicate_onto(int fd, int target) const -> int {
        const int error = record->call("dup2", fd, target);
        if (error == 0)
            record->open[target] = record->open[fd];
        return error < 0 ? error : target;
    }
    auto close_range(unsigned first, unsigned last) const -> int {
        const std::string end = last == ~0U ? "end" : std::to_string(last);
        const int error = record->call("close_range", first, end);
        for (const int fd : record->descriptors_above_stdio())
            if (error == 0 && static_cast<unsigned>(fd) >= first &&
                static_cast<unsigned>(fd) <= last)
                record->open.erase(fd);
        return error;
    }
    auto list_directory(int fd, void* into, std::size_t size) const -> long {
        if (const int error = record->call("list", fd); error < 0)
            return error;
        const std::string listed = std::exchange(record->listed, "");
        std::memcpy(into, listed.data(), std::min(size, listed.size()));
        return static_cast<long>(listed.size());
    }
    auto descriptor_limit(rlimit& limit) const -> int {
        limit.rlim_cur = limit.rlim_max = record->descriptors;
        return record->call("descriptor_limit");
    }
    auto file_size_limit(rlimit& limit) const -> int {
        limit.rlim_cur = limit.rlim_max = record->file_size;
        return record->call("file_size_limit");
    }
    auto change_directory(const char* path) const -> int { return record->call("chdir", path); }
    auto set_umask(mode_t mask) const -> mode_t {
        cannot_fail("umask " + octal(mask));
        return 0;
    }

    // Processes --------------------------------------------------------------------------------
    auto flush() const -> int { return record->call("flush"); }
    static constexpr bool shares_memory = false; // this process tells all the stories itself
    auto fork() const -> pid_t {
        if (const int error = record->call("fork"); error < 0)
            return error;
        const pid_t child = record->forks.empty() ? 0 : next(record->forks);
        if (child == 0) {
            record->parent = record->pid++;
            record->children.clear();
        } else {
            record->children.push_back({child, 0, 0, record->first_group});
            for (const Child& descendant : record->descendants)
                record->children.push_back(descendant);
        }
        return child;
    }
    auto new_session() const -> pid_t {
        const int error = record->call("setsid");
        return error < 0 ? error : record->pid;
    }
    auto pid() const -> pid_t { return record->pid; }
    auto parent() const -> pid_t { return record->parent; }
    [[noreturn]] void leave_at_once(int status) const { record->leave("leave_at_once", status); }
    [[noreturn]] void leave(int status) const { record->leave("leave", status); }
    auto at_exit(void (*)()) const -> int { return record->call("at_exit"); }
    auto wait(idtype_t which, pid_t id, siginfo_t& how, int options) const -> int {
        how.si_pid = 0;
        const std::string whom =
            which == P_ALL ? "any" : std::to_string(which == P_PGID ? -id : id);
        if (const int error = record->call("wait", whom); error < 0)
            return error;
        auto& children = record->children;
        const auto ours = [=](const Child& child) {
            return which == P_ALL || (which == P_PGID ? child.group == id : child.pid == id);
        };
        if (std::none_of(children.begin(), children.end(), ours))
            return -ECHILD;
        const auto ended = std::find_if(children.begin(), children.end(), [=](const Child& child) {
            return ours(child) && (child.code != 0 || (options & WNOHANG) == 0);
        });
        if (ended == children.end())
            return 0;
        how.si_pid = ended->pid;
        how.si_code = ended->code;
        how.si_status = ended->status;
        if ((options & WNOWAIT) == 0)
            children.erase(ended);
        return 0;
    }
    auto signal(pid_t process, int number) const -> int {
        if (const int error = record->call("signal", process, signal_name(number)); error < 0)
            return error;
        bool found = process == 0; // one's own group
        if (found && number != 0)
            record->mistakes.push_back("signals its own group");
        const bool ends = number != 0 && !(number == SIGTERM && record->ignores_terminate);
        if (ends && process < 0 && record->group_of_others == -process)
            record->others.clear();
        for (auto& child : record->children) {
            if (process > 0 ? child.pid != process : child.group != -process)
                continue;
            found = true;
            if (child.code == 0 && ends && record->unkillable.count(child.pid) == 0) {
                child.code = CLD_KILLED;
                child.status = number;
                record->pending.insert(SIGCHLD);
            }
        }
        return found || (number == 0 && record->others.count(process) != 0) ? 0 : -ESRCH;
    }
    auto open_process(pid_t process) const -> int {
        const int error = record->call("open_process", process);
        return error < 0 ? error : record->new_descriptor(5);
    }
    auto signal_process(int process, int number) const -> int {
        return record->call("signal_process", process, signal_name(number));
    }
    auto set_subreaper(bool on) const -> int {
        return record->call("subreaper", on ? "on" : "off");
    }
    auto is_subreaper(int& answer) const -> int {
        answer = record->is_subreaper ? 1 : 0;
        return record->call("is_subreaper");
    }
    auto never_had_threads() const -> bool { return record->knows_one_thread; }
    auto unshare_threads() const -> int {
        const int error = record->call("unshare_threads");
        return error < 0 ? error : record->tasks > 3 ? -EINVAL : 0;
    }

    // Identity ---------------------------------------------------------------------------------
    using Ids = daemonizer::detail::Ids;
    using CapabilitySets = daemonizer::detail::CapabilitySets;

    auto set_groups(std::size_t size, const gid_t* list) const -> int {
        const std::vector<gid_t> groups(list, list + size);
        std::string text;
        for (const gid_t group : groups)
            text += ' ' + std::to_string(group);
        const int error = record->call("setgroups" + text);
        return error < 0 || record->left ? error : record->rights.set_groups(groups);
    }
    auto groups(std::size_t size, gid_t* list) const -> int {
        const auto& groups = record->rights.groups;
        if (const int error = record->call("getgroups"); error < 0)
            return error;
        if (size < groups.size())
            return -EINVAL;
        std::copy(groups.begin(), groups.end(), list);
        return static_cast<int>(groups.size());
    }
    auto set_group_ids(gid_t real, gid_t effective, gid_t saved) const -> int {
        auto& rights = record->rights;
        const int error = record->call("setresgid", id(real), id(effective), id(saved));
        return error < 0 || record->left
                   ? error
                   : rights.set_ids(rights.group_ids, {real, effective, saved}, 6);
    }
    auto set_user_ids(uid_t real, uid_t effective, uid_t saved) const -> int {
        const int error = record->call("setresuid", id(real), id(effective), id(saved));
        return error < 0 || record->left ? error
                                         : record->rights.set_users({real, effective, saved});
    }
    auto group_ids(Ids& ids) const -> int {
        ids = record->rights.group_ids;
        return record->call("getresgid");
    }
    auto user_ids(Ids& ids) const -> int {
        ids = record->rights.users;
        return record->call("getresuid");
    }
    auto change_root(const char* path) const -> int { return record->call("chroot", path); }
    auto change_directory(int fd) const -> int { return record->call("fchdir", fd); }
    auto capabilities(CapabilitySets& sets) const -> int {
        sets = record->rights.sets;
        return record->call("capget");
    }
    auto set_capabilities(const CapabilitySets& sets) const -> int {
        const int error = record->call("capset", hex(sets.permitted));
        return error < 0 || record->left ? error : record->rights.set_capabilities(sets);
    }
    auto is_in_bounding_set(int capability) const -> int {
        return is_in("bounding", record->rights.bounding, capability);
    }
    auto drop_from_bounding_set(int capability) const -> int {
        const int error = record->call("unbound", capability);
        if (error < 0 || record->left)
            return error;
        if (!record->rights.may(8))
            return -EPERM;
        record->rights.bounding &= ~(std::uint64_t{1} << capability);
        return 0;
    }
    auto is_ambient(int capability) const -> int {
        return is_in("ambient", record->rights.ambient, capability);
    }
    auto raise_ambient(int capability) const -> int {
        const int error = record->call("raise_ambient", capability);
        if (error == 0)
            record->rights.ambient |= std::uint64_t{1} << capability;
        return error;
    }
    auto clear_ambient() const -> int {
        const int error = record->call("clear_ambient");
        if (error == 0)
            record->rights.ambient = 0;
        return error;
    }
    auto secure_bits() const -> int {
        const int error = record->call("secure_bits");
        return error < 0 ? error : record->rights.secure_bits;
    }
    auto keep_capabilities(bool on) const -> int {
        const int error = record->call("keep_capabilities", on ? "on" : "off");
        if (error == 0)
            record->rights.secure_bits = on ? 16 : 0;
        return error;
    }
    auto set_no_new_privileges() const -> int {
        const int error = record->call("set_no_new_privileges");
        if (error == 0 && !record->rights.changes_nothing)
            record->rights.has_no_new_privileges = true;
        return error;
    }
    auto has_no_new_privileges() const -> int {
        const int error = record->call("has_no_new_privileges");
        return error < 0 ? error : record->rights.has_no_new_privileges ? 1 : 0;
    }
    auto set_dumpable(bool on) const -> int {
        const int error = record->call("set_dumpable", on ? "on" : "off");
        if (error == 0 && !record->rights.changes_nothing)
            record->rights.is_dumpable = on;
        return error;
    }
    auto is_dumpable() const -> int {
        const int error = record->call("is_dumpable");
        return error < 0 ? error : record->rights.is_dumpable ? 1 : 0;
    }
    auto name_process(const char* name) const -> int { return record->call("name", name); }
    auto limit(int resource, rlimit& limit) const -> int {
        limit = record->rights.limits[resource];
        return record->call("limit", resource);
    }
    auto set_limit(int resource, const rlimit& limit) const -> int {
        const int error = record->call("set_limit", resource, limit.rlim_cur, limit.rlim_max);
        return error < 0 || record->left ? error : record->rights.set_limit(resource, limit);
    }
    auto set_nice(int nice) const -> int { return record->call("nice", nice); }
    auto lock_memory() const -> int { return record->call("lock_memory"); }
    auto map_memory(std::size_t size) const -> void* {
        if (record->call("map") < 0)
            return nullptr;
        ++record->mapped;
        record->mappings.emplace_back(size);
        return record->mappings.back().data();
    }
    auto unmap(unsigned long, unsigned long) const -> int {
        cannot_fail("unmap");
        if (!record->left)
            --record->mapped;
        return 0;
    }

    // Signals and time -------------------------------------------------------------------------
    auto set_disposition(int number, const struct sigaction& to) const -> int {
        struct sigaction before {};
        return set_disposition(number, to, before);
    }
    /// A run of defaults is one line, "default 1 to 64".
    auto set_disposition(int number, const struct sigaction& to, struct sigaction& before) const
        -> int {
        auto& calls = record->calls;
        const bool standard = to.sa_handler == SIG_DFL;
        auto& run = record->defaults;
        const bool goes_on = standard && !calls.empty() && calls.back() == run.line &&
                             number > run.last && number - run.last <= 3; // some cannot be set
        const std::size_t lines = calls.size();
        const int error = goes_on ? record->call("default", run.first, "to", number)
                                  : record->call(standard                   ? "default"
                                                 : to.sa_handler == SIG_IGN ? "ignore"
                                                                            : "handle",
                                                 signal_name(number));
        if (goes_on && calls.size() > lines)
            calls.erase(calls.end() - 2);
        if (standard && !calls.empty())
            run = {calls.back(), goes_on ? run.first : number, number};
        before = record->dispositions[number];
        if (error == 0)
            record->dispositions[number] = to;
        return error;
    }
    auto disposition(int number, struct sigaction& now) const -> int {
        const int error = record->call("disposition", signal_name(number));
        if (error == 0)
            now = record->dispositions[number];
        return error;
    }
    auto set_mask(int how, const sigset_t& mask, sigset_t* before = nullptr) const -> int {
        if (before != nullptr) {
            sigemptyset(before);
            for (const int signal : record->blocked_before)
                sigaddset(before, signal);
        }
        const char* const what = how == SIG_BLOCK     ? "block"
                                 : how == SIG_UNBLOCK ? "unblock"
                                                      : "mask";
        return record->call(what, names(mask));
    }
    auto signal_descriptor(const sigset_t& mask) const -> int {
        const int error = record->call("signalfd", names(mask));
        record->watched = mask;
        return error < 0 ? error : !record->has_signalfd ? -ENOSYS : record->new_descriptor(3);
    }
    auto pending_signals(sigset_t& set) const -> int {
        sigemptyset(&set);
        const int error = record->call("pending");
        for (const int signal : record->pending)
            if (error == 0)
                sigaddset(&set, signal);
        return error;
    }
    auto take_signal(const sigset_t& set) const -> int {
        if (const int error = record->call("take", names(set)); error < 0)
            return error;
        for (const int signal : record->pending)
            if (sigismember(&set, signal) == 1) {
                record->pending.erase(signal);
                return signal;
            }
        return -EAGAIN;
    }
    auto wait_for_signal(const sigset_t& set, const timespec* limit) const -> int {
        if (const int error = record->call("wait for", names(set)); error < 0)
            return error;
        if (!record->signals.empty()) {
            const int signal = record->signals.front();
            record->signals.erase(record->signals.begin());
            return signal;
        }
        if (limit == nullptr)
            throw std::logic_error("waits for ever");
        record->time += limit->tv_sec * 1'000'000'000LL + limit->tv_nsec;
        return -EAGAIN;
    }
    /// The write end is the number after the read end: nothing else is opened in between.
    auto wake_pipe(int (&ends)[2]) const -> int {
        if (const int error = record->call("pipe"); error < 0)
            return error;
        ends[0] = record->new_descriptor(6);
        ends[1] = record->new_descriptor(6);
        record->wakes[ends[0]] = 0;
        return 0;
    }
    auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t*) const -> int {
        const bool waits = size == 2; // the launcher: its report, and its signals
        const int error = size == 0     ? record->call("sleep")
                          : !waits      ? record->call("poll", set->fd)
                          : set->fd < 0 ? record->call("sleep")
                                        : record->call("poll", set->fd);
        for (nfds_t i = 0; i != size; ++i)
            set[i].revents = 0;
        if (error < 0 || record->left)
            return error;
        auto& events = record->events;
        if (!waits && size != 0 && record->open[set->fd] == 4 &&
            (record->answers_at_once ||
             (record->answers_after != 0 && --record->answers_after == 0)))
            return 1;
        while (!events.empty() && !std::holds_alternative<Arrives>(events.front()))
            if (const int answer = happen(next(events), waits); !waits)
                return answer;
            else if (is_watched_pending())
                break;
        if (!events.empty() && std::holds_alternative<Arrives>(events.front()) && waits &&
            set->fd >= 0) {
            set->revents = POLLIN;
            const bool both = set[1].fd >= 0 && is_watched_pending();
            set[1].revents = both ? POLLIN : 0;
            return both ? 2 : 1;
        }
        if (waits && set->fd < 0 && record->adopted_after_sleeps != 0 &&
            --record->adopted_after_sleeps == 0)
            record->children.push_back(record->adopted);
        if (waits && set[1].fd >= 0 && is_watched_pending()) {
            set[1].revents = POLLIN;
            return 1;
        }
        if (waits && set[1].fd < 0 && limit != nullptr && limit->tv_sec == 0) {
            record->time += limit->tv_nsec;
            return 0;
        }
        if (size != 0 && !waits && !record->signals.empty())
            return 1;
        if (const auto pipe = record->wakes.find(size == 0 ? -1 : set->fd);
            pipe != record->wakes.end() && pipe->second != 0)
            return 1;
        if (limit == nullptr)
            throw std::logic_error("sleeps for ever");
        record->time += limit->tv_sec * 1'000'000'000LL + limit->tv_nsec;
        return 0;
    }
    auto now() const -> long long { return record->time += 1000; }
    auto open_timer() const -> int {
        const int error = record->call("timer");
        return error < 0 ? error : record->new_descriptor(78);
    }
    auto set_timer(int timer, long long nanoseconds) const -> int {
        return record->call("set_timer", timer, nanoseconds);
    }
    auto open_poll_set() const -> int {
        const int error = record->call("poll_set");
        return error < 0 ? error : record->new_descriptor(79);
    }
    auto add_to_poll_set(int set, int fd) const -> int {
        return record->call("add_to_poll_set", set, fd);
    }

    // The report's socket ----------------------------------------------------------------------
    auto ask_for_senders(int fd) const -> int { return record->call("ask_for_senders", fd); }
    auto socket_pair(int (&ends)[2]) const -> int {
        if (const int error = record->call("socket_pair"); error < 0)
            return error;
        for (int& end : ends)
            end = record->new_descriptor(4);
        return 0;
    }
    auto send(int fd, const void* from, std::size_t size) const -> long {
        using daemonizer::detail::Report, daemonizer::detail::ReportHead;
        Report report{};
        if (size >= sizeof(ReportHead))
            std::memcpy(&report, from, std::min(size, sizeof report));
        if (const int error = record->call("send", fd, title(report.head)); error < 0)
            return error;
        if (record->open.count(fd) == 0)
            return -EBADF;
        if (size == 1 && record->pending_after_taken != 0)
            record->pending.insert(record->pending_after_taken);
        if (!record->left && report.head.message != ReportHead::kind::forked)
            record->sent.push_back(report);
        return static_cast<long>(size);
    }
    /// What is unread there; else the daemon receives the launcher's one byte, or a trial's.
    auto receive(int fd, void* into, std::size_t size, int) const -> long {
        const int error = record->call("receive", fd);
        const auto text = record->unread.find(fd);
        if (error < 0 || text == record->unread.end())
            return error < 0 ? error : record->launcher_takes_ready ? 1 : 0;
        const std::string message = text->second;
        record->unread.erase(text);
        std::memcpy(into, message.data(), std::min(size, message.size()));
        return static_cast<long>(std::min(size, message.size()));
    }
    auto receive_from(int fd, void* into, std::size_t size, pid_t& sender) const -> long {
        if (const int error = record->call("receive", fd); error < 0)
            return error;
        const int look = ++record->receives;
        if (look == record->dead_at_receive.at)
            for (auto& child : record->children)
                if (child.pid == record->dead_at_receive.child) {
                    child.code = record->dead_at_receive.code;
                    child.status = record->dead_at_receive.status;
                }
        if (look == record->pending_at_receive.at)
            record->pending.insert(record->pending_at_receive.signal);
        if (look == 1)
            record->time += record->late_by;
        auto& events = record->events;
        if (events.empty() || !std::holds_alternative<Arrives>(events.front()))
            return -EAGAIN;
        const auto [message, from] = std::get<Arrives>(events.front());
        if (!message.empty() || from != 0) // what is closed stays closed
            events.pop_front();
        sender = from;
        std::memcpy(into, message.data(), std::min(size, message.size()));
        return static_cast<long>(std::min(size, message.size()));
    }

    // Another program in this process ------------------------------------------------------------
    /// Where it succeeds this program is over.
    auto execute(const char* path, char* const* arguments, char* const* environment) const -> int {
        std::string line = std::string{"execute "} + path;
        for (; *arguments != nullptr; ++arguments)
            line += std::string{" "} + *arguments;
        for (; *environment != nullptr; ++environment)
            line += std::string{" "} + *environment;
        if (const int error = record->call(line); error < 0 || !record->can_execute)
            return error < 0 ? error : -ENOENT;
        record->leave("executed", executed);
    }
    static constexpr int executed = 200;
    auto pass_on_exec(int fd) const -> int {
        const int error = record->call("pass_on_exec", fd);
        return error < 0 ? error : record->open.count(fd) == 0 ? -EBADF : 0;
    }
    auto set_parent_death_signal(int number) const -> int {
        return record->call("die_with_parent", signal_name(number));
    }
    auto lead_group() const -> int { return record->call("lead_group"); }
    auto peer(int fd) const -> pid_t {
        const int error = record->call("peer", fd);
        return error < 0 ? error : record->peers[fd];
    }
    auto descriptor_flags(int fd) const -> int {
        const int error = record->call("descriptor_flags", fd);
        return error < 0 ? error : record->open.count(fd) == 0 ? -EBADF : FD_CLOEXEC;
    }
    auto read_link(const char* path, char* into, std::size_t size) const -> long {
        if (const int error = record->call("read_link", path); error < 0)
            return error;
        const std::string& target = record->link;
        std::memcpy(into, target.data(), std::min(size, target.size()));
        return static_cast<long>(target.size());
    }
    static auto executed_path() -> const char* { return "./program"; }
    static auto has_gained_rights() -> bool { return false; }

    // Confinement ------------------------------------------------------------------------------
    auto landlock_abi() const -> int {
        const int error = record->call("landlock_abi");
        return error < 0 ? error : record->landlock_reports;
    }
    auto landlock_ruleset(const daemonizer::detail::LandlockRights& rights, std::size_t size) const
        -> int {
        if (const int error = record->call("landlock_ruleset", hex(rights.files), rights.tcp,
                                           rights.scopes, "size", size);
            error < 0)
            return error;
        const int abi = record->landlock_knows;
        if (size > (abi >= 6 ? 24 : abi >= 4 ? 16 : 8))
            return -E2BIG;
        const unsigned bits = abi >= 5 ? 16 : abi >= 3 ? 15 : abi >= 2 ? 14 : abi >= 1 ? 13 : 0;
        return rights.files >> bits != 0 ? -EINVAL : record->new_descriptor(6);
    }
    auto landlock_allow_path(int ruleset, std::uint64_t rights, int fd) const -> int {
        return record->call("landlock_allow_path", ruleset, hex(rights), fd);
    }
    auto landlock_allow_port(int ruleset, std::uint64_t rights, std::uint64_t port) const -> int {
        return record->call("landlock_allow_port", ruleset, rights, port);
    }
    auto landlock_restrict(int ruleset) const -> int {
        const int error = record->call("landlock_restrict", ruleset);
        record->has_landlock = error == 0 && record->confinement_works;
        return error;
    }
    auto install_filter(const daemonizer::detail::FilterInstruction* instructions,
                        unsigned short count) const -> int {
        const int error = record->call("filter");
        record->filter.assign(instructions, instructions + count);
        record->has_filter = error == 0 && record->confinement_works;
        return error;
    }
    auto try_system_call(long) const -> int {
        const int error = record->call("try");
        return error < 0 ? error : record->has_filter ? -EPERM : -EFAULT;
    }

    // syslog(3) --------------------------------------------------------------------------------
    void open_log(const char* ident, int) const { cannot_fail(std::string{"open_log "} + ident); }
    void set_log_mask(int mask) const { cannot_fail("log_mask " + std::to_string(mask)); }
    void log(int, const char* text) const { cannot_fail(std::string{"log "} + text); }
    void close_log() const { cannot_fail("close_log"); }
    void disconnect_log() const { cannot_fail("disconnect_log"); }

private:
    static auto id(unsigned id) -> std::string { return id == ~0U ? "-1" : std::to_string(id); }
    static auto hex(std::uint64_t number) -> std::string {
        std::ostringstream text;
        text << "0x" << std::hex << number;
        return text.str();
    }
    /// A run of questions, from the first capability to the last, is one line: "bounding 0 to 41".
    auto is_in(const std::string& what, std::uint64_t set, int capability) const -> int {
        auto& calls = record->calls;
        const std::string run = what + " 0 to ";
        const bool goes_on = !calls.empty() && capability != 0 && calls.back().rfind(run, 0) == 0;
        const std::size_t lines = calls.size();
        const int error = record->call(run + std::to_string(capability));
        if (goes_on && calls.size() > lines)
            calls.erase(calls.end() - 2);
        if (error < 0)
            return error;
        if (capability > Rights::last_capability)
            return -EINVAL;
        return static_cast<int>(set >> capability & 1);
    }
    static auto octal(mode_t mode) -> std::string {
        std::ostringstream text;
        text << '0' << std::oct << mode;
        return text.str();
    }
    static auto named(int directory, const char* path) -> std::string {
        if (std::string{".."} == path) // nothing is deeper than one directory here
            return "/";
        return directory == AT_FDCWD || *path == '/' ? path
                                                     : std::to_string(directory) + "/" + path;
    }
    static auto describe(const File& file, struct stat& status) -> int {
        status = {};
        status.st_dev = 1;
        status.st_ino = file.inode;
        status.st_mode = file.kind | file.mode;
        status.st_size = file.size;
        status.st_nlink = file.names;
        status.st_uid = file.owner;
        return 0;
    }
    static auto title(const daemonizer::detail::ReportHead& head) -> const char* {
        using kind = daemonizer::detail::ReportHead::kind;
        switch (head.message) {
        case kind::forked:
            return "forked";
        case kind::ready:
            return "ready";
        case kind::failed:
            return "failed";
        case kind::status:
            return "status";
        case kind::for_manager:
            return "for manager";
        }
        const auto mark = static_cast<std::uint32_t>(head.message);
        return mark == daemonizer::detail::Handover::of_monitor ? "handover" : "taken";
    }
    auto happen(const Event& event, bool blocked) const -> int {
        if (const auto* death = std::get_if<Dies>(&event)) {
            for (auto& child : record->children)
                if (child.pid == death->child) {
                    child.code = death->code;
                    child.status = death->status;
                }
            record->pending.insert(SIGCHLD);
        }
        if (const auto* interrupt = std::get_if<Interrupts>(&event)) {
            const auto action = record->dispositions.find(interrupt->signal);
            if (!blocked && action != record->dispositions.end() &&
                action->second.sa_handler != SIG_DFL && action->second.sa_handler != SIG_IGN)
                action->second.sa_handler(interrupt->signal);
            else
                record->pending.insert(interrupt->signal);
        }
        return -EINTR;
    }
    auto is_watched_pending() const -> bool {
        return std::any_of(record->pending.begin(), record->pending.end(),
                           [&](int signal) { return sigismember(&record->watched, signal) == 1; });
    }
    void cannot_fail(const std::string& line) const {
        if (!record->left)
            record->calls.push_back(line);
    }
};
static_assert(daemonizer::PolicyFor<RecordingHost, daemonizer::slots::host>);

/// Runs it as in a new process; where that leaves, the status is its own.
auto run(const auto& composition, const auto& body) -> int {
    daemonizer::detail::pid_files_of_this_process = {};
    try {
        return composition.run(body);
    } catch (const Exited& exited) {
        return exited.status;
    }
}

} // namespace recording

#endif
