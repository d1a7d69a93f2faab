// SPDX-License-Identifier: BSL-1.0
// Sees every watched system call of a whole tree of processes before it happens, and may make one
// fail or kill its caller: seccomp's user notification, which unlike a tracer changes neither
// parents nor signals nor wait.
#pragma once

#include "process.hpp"
#include "start.hpp"
#include "system_calls.hpp"

#include <elf.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>

#include <atomic>
#include <cstddef>
#include <new>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace peers {

// The kernel, or the container around us, does not let a process be watched.
struct RejectedComposition : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// A program may do access(2) on this path as the first thing in its main: the language's own
// start-up is not swept then.
inline constexpr char main_begins[] = "/daemon-peers/main-begins";

namespace detail {

#if defined(__x86_64__)
constexpr unsigned architecture = AUDIT_ARCH_X86_64;
inline void set_result(user_regs_struct& registers, int error) {
    registers.rax = static_cast<unsigned long long>(-static_cast<long long>(error));
}
#elif defined(__aarch64__)
constexpr unsigned architecture = AUDIT_ARCH_AARCH64;
inline void set_result(user_regs_struct& registers, int error) {
    registers.regs[0] = static_cast<unsigned long long>(-static_cast<long long>(error));
}
#else
#error "say here how this machine returns a system call's result"
#endif

inline std::vector<sock_filter> watching(const std::vector<Kind>& watched) {
    const auto statement = [](int code, std::size_t value) {
        return sock_filter{static_cast<unsigned short>(code), 0, 0, static_cast<unsigned>(value)};
    };
    const auto unless = [](long value) {
        return sock_filter{BPF_JMP | BPF_JEQ | BPF_K, 0, 1, static_cast<unsigned>(value)};
    };
    const sock_filter notify = statement(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
    const sock_filter allow = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    std::vector<sock_filter> filter{
        statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)),
        {BPF_JMP | BPF_JEQ | BPF_K, 1, 0, architecture},
        allow,
        statement(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
    for (const Kind& kind : watched) {
        filter.push_back(unless(kind.number));
        filter.push_back(notify);
    }
    filter.push_back(allow);
    return filter;
}

inline int install(std::vector<sock_filter>& filter) {
    sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    const auto request = [&] {
        return static_cast<int>(::syscall(
            SYS_seccomp, SECCOMP_SET_MODE_FILTER,
            SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, &program));
    };
    const int listener = request();
    if (listener >= 0 || errno != EACCES)
        return listener;
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); // what the kernel asks of a user without privileges
    return request();
}

inline std::string text_at(pid_t thread, unsigned long long address) {
    std::string text(256, '\0');
    iovec here{text.data(), text.size()};
    iovec there{reinterpret_cast<void*>(address), text.size()};
    ssize_t length = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (length <= 0) { // the text may end just before a page that is not there
        there.iov_len = 4096 - address % 4096;
        length = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
    }
    text.resize(length > 0 ? static_cast<std::size_t>(length) : 0);
    return text.substr(0, text.find('\0'));
}

struct Range {
    unsigned long long begin = 0;
    unsigned long long end = 0;
    bool contains(unsigned long long address) const { return begin <= address && address < end; }
};

inline unsigned long long loader_base(pid_t pid) {
    const std::string vector = slurp(proc(pid, "auxv"));
    for (std::size_t at = 0; at + 16 <= vector.size(); at += 16) {
        unsigned long long entry[2];
        std::memcpy(entry, vector.data() + at, sizeof entry);
        if (entry[0] == AT_BASE)
            return entry[1];
    }
    return 0;
}

// Where the dynamic loader lies; nowhere in a static program.
inline Range loader_of(pid_t pid) {
    const unsigned long long base = loader_base(pid);
    Range range;
    std::istringstream maps(slurp(proc(pid, "maps")));
    std::string loader;
    for (std::string line; base != 0 && std::getline(maps, line);) {
        Range part;
        char file[256] = "";
        std::sscanf(line.c_str(), "%llx-%llx %*s %*s %*s %*s %255s", &part.begin, &part.end, file);
        if (part.contains(base)) {
            range = part;
            loader = file;
        } else if (!loader.empty() && loader == file) {
            range.end = part.end;
        }
    }
    return range;
}

} // namespace detail

// The receiving end of the filter.
class Listener {
public:
    // Starts the command under the filter. The filter covers the child's own calls from the moment
    // it exists, so the child cannot send the listener: it leaves the number, and we fetch it.
    pid_t start(Launch start, const std::vector<Kind>& watched) {
        auto* shared = static_cast<std::atomic<int>*>(::mmap(nullptr, sizeof(std::atomic<int>),
                                                             PROT_READ | PROT_WRITE,
                                                             MAP_SHARED | MAP_ANONYMOUS, -1, 0));
        if (shared == MAP_FAILED)
            fail("mmap");
        constexpr int unknown = -1000;
        new (shared) std::atomic<int>(unknown);
        auto filter = detail::watching(watched);
        start.before_exec = [&filter, shared] {
            const int number = detail::install(filter);
            shared->store(number >= 0 ? number : -errno);
            if (number < 0)
                ::_exit(126);
        };
        const pid_t child = launch(start);
        while (shared->load() == unknown && look_up(child) && !look_up(child)->dead())
            ::sched_yield();
        const int number = shared->load();
        ::munmap(shared, sizeof *shared);
        take(child, number);
        return child;
    }

    int get() const { return descriptor_.get(); }
    void close() { descriptor_.reset(); }

    std::optional<seccomp_notif> receive() const {
        seccomp_notif call{};
        // ENOENT: the caller was killed before it could be looked at.
        return ::ioctl(get(), SECCOMP_IOCTL_NOTIF_RECV, &call) == 0 ? std::optional(call)
                                                                    : std::nullopt;
    }
    void let_pass(const seccomp_notif& call) const {
        answer(call, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE);
    }
    bool refuse(const seccomp_notif& call, int error) const { return answer(call, -error, 0); }

    // close() gives its error *after* the descriptor is gone. Refusing the call would leave it
    // open, which no kernel does: so let it happen, and change what it returns.
    bool let_pass_but_report(const seccomp_notif& call, int error, Reaper& reaper) const {
        const auto thread = static_cast<pid_t>(call.pid);
        if (::ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0)
            return false;
        ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
        let_pass(call);
        int status = 0;
        while (::waitpid(thread, &status, __WALL) < 0 && errno == EINTR) {
        }
        if (!WIFSTOPPED(status)) {
            reaper.record(thread, status);
            return false;
        }
        user_regs_struct registers{};
        iovec place{&registers, sizeof registers};
        ::ptrace(PTRACE_GETREGSET, thread, NT_PRSTATUS, &place);
        detail::set_result(registers, error);
        const bool set = ::ptrace(PTRACE_SETREGSET, thread, NT_PRSTATUS, &place) == 0;
        return ::ptrace(PTRACE_DETACH, thread, nullptr, nullptr) == 0 && set;
    }

private:
    void take(pid_t child, int number) {
        if (number < 0)
            throw RejectedComposition(std::string("seccomp user notification: ") +
                                      std::strerror(-number));
        const Descriptor handle(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
        descriptor_ =
            Descriptor(static_cast<int>(::syscall(SYS_pidfd_getfd, handle.get(), number, 0)));
        if (!descriptor_)
            throw RejectedComposition(std::string("pidfd_getfd: ") + std::strerror(errno));
    }
    bool answer(const seccomp_notif& call, int error, unsigned flags) const {
        seccomp_notif_resp response{};
        response.id = call.id;
        response.error = error;
        response.flags = flags;
        return ::ioctl(get(), SECCOMP_IOCTL_NOTIF_SEND, &response) == 0;
    }

    Descriptor descriptor_;
};

// One call of the tree, by a name that is the same in every run: processes are numbered as they
// appear, and each counts its own calls of a kind. Two processes at work at once may interleave
// differently from run to run; that moves none of these names.
struct Call {
    std::size_t process = 0; // 0 is the launcher
    long number = 0;
    int nth = 0;

    auto operator<=>(const Call&) const = default;
};

// What is to go wrong.
struct Fault {
    enum class How { none, error, kill };
    How how = How::none;
    std::optional<Call> at; // nothing: every call of the kind
    long number = -1;
    int error = 0;            // 0: the fitting one
    std::optional<Call> also; // a second call that goes wrong
    How also_how = How::none;

    How how_at(const Call& call) const {
        return also && *also == call ? also_how
               : at                  ? (*at == call ? how : How::none)
                                     : (number == call.number ? how : How::none);
    }
};

// Everyone who came of one start, and what they did.
class Tree {
public:
    Tree(const Fault& fault, bool marked, Reaper& reaper)
        : fault_(fault), marked_(marked), reaper_(reaper) {}

    void start(const Launch& launch) { launcher_ = listener_.start(launch, kinds()); }

    // Attends to calls for that long, and says whether there were any.
    bool pump(milliseconds pause) {
        bool busy = false;
        pollfd waiting{listener_.get(), POLLIN, 0};
        int patience = static_cast<int>(pause.count());
        const auto end = Clock::now() + pause + milliseconds(20); // somebody may never stop calling
        while (Clock::now() < end && ::poll(&waiting, 1, patience) > 0) {
            if ((waiting.revents & POLLIN) == 0) {
                ::usleep(static_cast<useconds_t>(pause.count()) * 1000); // everyone is gone
                break;
            }
            if (const auto call = listener_.receive())
                attend(*call);
            busy = true;
            patience = 0;
        }
        reaper_.reap();
        return busy;
    }

    // The launcher said that it started something: its exit with 0 is on the way.
    bool said_started() const { return said_started_; }
    bool came_too_late() const { return too_late_; }
    // A call is held back until its caller is killed or it is let go.
    bool holds() const { return held_.has_value(); }
    pid_t victim() const { return victim_; }
    void let_go() {
        listener_.let_pass(*held_);
        held_.reset();
        --hits_;
        too_late_ = true;
    }
    void kill_victim() {
        signal_descendant(victim_, SIGKILL);
        held_.reset();
    }

    pid_t launcher() const { return launcher_; }
    int hits() const { return hits_; }
    const std::string& place() const { return place_; }
    bool saw_marker() const { return saw_marker_; }
    pid_t pid_of(std::size_t process) const { return members_.at(process).pid; }
    std::size_t size() const { return members_.size(); }
    std::optional<std::size_t> index_of(pid_t pid) const {
        const auto found = indices_.find(pid);
        return found == indices_.end() ? std::nullopt : std::optional(found->second);
    }

    // The calls of the start, without the ones in which somebody still waits: those are the
    // daemon's service. After begin_second_act() those that came since.
    std::vector<Call> calls() const {
        std::vector<Call> all;
        for (std::size_t i = second_act_.value_or(0); i != log_.size(); ++i)
            if (!is_waiting_in(log_[i]))
                all.push_back(log_[i].call);
        return all;
    }

    // The start is over. Who is to be killed from now on is killed at once.
    void begin_second_act() { second_act_ = log_.size(); }

private:
    struct Member {
        pid_t pid = 0;
        bool in_main = true;
        std::optional<detail::Range> loader; // nothing: not known yet, or not valid after an exec
        std::map<long, int> counts;
    };
    struct Entry {
        Call call;
        pid_t thread;
        bool last; // of this thread so far
    };

    void attend(const seccomp_notif& request) {
        Member& caller = member(static_cast<pid_t>(request.pid));
        const long number = request.data.nr;
        note_marker(caller, request);
        const bool counted = counts(caller, request);
        if (number == SYS_execve || number == SYS_execveat) {
            caller.loader.reset();
            if (marked_)
                caller.in_main = false;
            has_begun_ = true;
        }
        if (!counted)
            return listener_.let_pass(request);
        const Call call{*index_of(caller.pid), number, ++caller.counts[number]};
        note(call, static_cast<pid_t>(request.pid));
        if (call.process == 0 && number == SYS_exit_group && (request.data.args[0] & 0xff) == 0)
            said_started_ = true;
        const Fault::How how = fault_.how_at(call);
        if (how == Fault::How::none)
            return listener_.let_pass(request);
        strike(request, caller, how);
    }

    void strike(const seccomp_notif& request, const Member& caller, Fault::How how) {
        const Kind& kind = *kind_of(request.data.nr);
        const std::string target = first_target(request);
        place_ += (place_.empty() ? "" : ", ") + describe(request, target);
        if (how == Fault::How::kill && second_act_) {
            ++hits_;
            victim_ = caller.pid;
            signal_descendant(victim_, SIGKILL);
            return;
        }
        if (how == Fault::How::kill) {
            if (said_started_) {
                too_late_ = true;
                return listener_.let_pass(request);
            }
            held_ = request;
            victim_ = caller.pid;
            ++hits_;
            return;
        }
        const int error = fault_.error != 0
                              ? fault_.error
                              : fitting_error(kind, target, static_cast<int>(request.data.args[1]));
        place_ += " " + error_name(error);
        hits_ += kind.number == SYS_close ? listener_.let_pass_but_report(request, error, reaper_)
                                          : listener_.refuse(request, error);
    }

    void note_marker(Member& caller, const seccomp_notif& request) {
        unsigned long long path = 0;
        switch (request.data.nr) {
#ifdef SYS_access
        case SYS_access:
        case SYS_stat:
            path = request.data.args[0];
            break;
#endif
        case SYS_faccessat:
        case SYS_faccessat2:
        case SYS_newfstatat:
        case SYS_statx:
            path = request.data.args[1];
            break;
        default:
            return;
        }
        if (detail::text_at(static_cast<pid_t>(request.pid), path) != main_begins)
            return;
        saw_marker_ = true;
        caller.in_main = true;
        at_marker_ = request.id;
    }

    bool counts(Member& caller, const seccomp_notif& request) {
        if (!has_begun_ || !caller.in_main || request.id == at_marker_)
            return false;
        if (!caller.loader)
            caller.loader = detail::loader_of(caller.pid);
        if (caller.loader->contains(request.data.instruction_pointer))
            return false;
        switch (request.data.nr) {
        case SYS_close: // of what is not open: how loops over all descriptors work, and no fault
            return !first_target(request).empty();
        case SYS_prlimit64: // a question, which libc asks before main
            return request.data.args[2] != 0;
        default:
            return true;
        }
    }

    Member& member(pid_t thread) {
        if (const auto known = indices_.find(thread); known != indices_.end())
            return members_[known->second];
        const std::string group = status_field(thread, "Tgid");
        const pid_t pid = group.empty() ? thread : static_cast<pid_t>(std::stol(group));
        if (!indices_.contains(pid)) {
            indices_[pid] = members_.size();
            Member fresh;
            fresh.pid = pid;
            fresh.in_main = parent_is_in_main(pid);
            members_.push_back(fresh);
        }
        indices_[thread] = indices_[pid];
        return members_[indices_[pid]];
    }

    bool parent_is_in_main(pid_t pid) const {
        if (members_.empty())
            return !marked_;
        const auto process = look_up(pid);
        const auto parent = process ? index_of(process->parent) : std::nullopt;
        return parent ? members_[*parent].in_main : members_.back().in_main;
    }

    void note(const Call& call, pid_t thread) {
        for (Entry& entry : log_)
            if (entry.thread == thread)
                entry.last = false;
        log_.push_back({call, thread, true});
    }

    static bool is_waiting_in(const Entry& entry) {
        if (!entry.last)
            return false;
        const std::string now = slurp(proc(entry.thread, "syscall"));
        return !now.empty() && now[0] != 'r' &&
               std::strtol(now.c_str(), nullptr, 10) == entry.call.number;
    }

    static std::string first_target(const seccomp_notif& request) {
        const auto number = static_cast<int>(request.data.args[0]);
        return link_target(proc(static_cast<pid_t>(request.pid), "fd/") + std::to_string(number));
    }

    static std::string describe(const seccomp_notif& request, const std::string& target) {
        const auto thread = static_cast<pid_t>(request.pid);
        switch (request.data.nr) {
        case SYS_openat:
        case SYS_newfstatat:
        case SYS_unlinkat:
        case SYS_statx:
            return detail::text_at(thread, request.data.args[1]);
        case SYS_chdir:
            return detail::text_at(thread, request.data.args[0]);
        case SYS_close:
        case SYS_read:
        case SYS_write:
        case SYS_fcntl:
        case SYS_ftruncate:
        case SYS_fchmod:
            return target;
        default:
            return {};
        }
    }

    Fault fault_;
    bool marked_;
    Reaper& reaper_;
    Listener listener_;
    pid_t launcher_ = 0;
    bool has_begun_ = false;
    bool saw_marker_ = false;
    bool said_started_ = false;
    bool too_late_ = false;
    unsigned long long at_marker_ = 0;
    std::optional<std::size_t> second_act_; // what was logged before it
    std::optional<seccomp_notif> held_;
    pid_t victim_ = 0;
    int hits_ = 0;
    std::string place_;
    std::vector<Member> members_;
    std::map<pid_t, std::size_t> indices_;
    std::vector<Entry> log_;
};

} // namespace peers
