// SPDX-License-Identifier: BSL-1.0
// All processes of one execution, of which one at a time goes on.
#ifndef DAEMONIZER_TESTS_SCHEDULE_WORLD_HPP
#define DAEMONIZER_TESTS_SCHEDULE_WORLD_HPP

#include "process.hpp"

#include <csignal>
#include <deque>
#include <elf.h>
#include <functional>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <vector>

namespace schedule {

/// A program of a scene, and what became of it.
struct Actor {
    std::vector<std::string> command;
    std::string verb;
    int first = -1;           ///< its process
    int said = -1;            ///< its stderr, a memfd
    bool was_at_rest = false; ///< before the scene began
    int ignored = 0;          ///< a signal that its starter ignores, or 0
};

/// Every process is traced from its first instruction on. The seccomp filter stops it before each
/// call of calls.hpp, and step() lets one of them go on to its next. One that sleeps in the kernel
/// is asleep; after each step the sleepers are looked at again, since it may have woken them.
///
/// Time is the scheduler's: clock_gettime is answered here, and a sleep with a limit becomes one
/// without, which end_sleep() ends. A death has two halves, as in exit(2): the process ends, and
/// bury() lets its parent see that. Others may run in between.
class World {
public:
    std::deque<Process> processes; // references stay valid
    std::vector<Actor> actors;
    long long now = 1'000'000'000'000;
    /// Called when a process is held before a call, just before it makes that.
    std::function<void(Process&)> at_call = [](Process&) {};
    std::function<void(const Process&, const std::string&)> trace = [](const Process&,
                                                                       const std::string&) {};

    World() = default;
    World(const World&) = delete;
    auto operator=(const World&) -> World& = delete;
    ~World() {
        end_everyone();
        for (const Actor& actor : actors)
            ::close(actor.said);
    }

    /// Starts a program, and lets it go on to the beginning of main.
    auto spawn(Actor actor) -> int {
        actor.said = ::memfd_create("stderr", MFD_CLOEXEC);
        const int number = static_cast<int>(actors.size());
        int go[2];
        if (::pipe2(go, O_CLOEXEC) != 0)
            give_up("pipe");
        const pid_t pid = ::fork();
        if (pid == 0)
            become(actor, go[0]);
        ::close(go[0]);
        if (::ptrace(PTRACE_SEIZE, pid, 0, options) != 0)
            give_up("cannot trace a process");
        if (::write(go[1], "", 1) != 1)
            give_up("pipe");
        ::close(go[1]);
        actor.first = add(pid, number).index;
        actors.push_back(actor);
        Process& process = processes.back();
        settle(process, true);
        while (process.call != mark_main && process.state == State::held) {
            resume(process);
            settle(process, true);
        }
        if (process.state != State::held)
            give_up("a program ends before main: " + actor.command[0]);
        return number;
    }

    /// Lets a held process go on to its next call, into a sleep, or to its end.
    void step(Process& process) {
        ++steps;
        now += 1000;
        at_call(process);
        trace(process, describe_call(process));
        limit_sleep(process);
        resume(process);
        settle(process, !may_sleep(process));
        settle_sleepers();
    }

    /// Ends a sleep as its time would.
    void end_sleep(Process& process) {
        ++steps;
        if (process.deadline > now)
            now = process.deadline;
        trace(process, "its time is over");
        process.sleep_is_over = true;
        process.deadline = -1;
        ::ptrace(PTRACE_INTERRUPT, process.pid, 0, 0);
        settle(process, true);
        settle_sleepers();
    }

    /// Lets the parent see a death.
    void bury(Process& process) {
        ++steps;
        int status;
        if (::waitpid(process.pid, &status, __WALL) != process.pid)
            give_up("waitpid");
        process.state = State::gone;
        trace(process, "its death is seen");
        settle_sleepers();
    }

    /// From outside: to one process, or with a negative number to its group.
    void send(pid_t to, int number) {
        ::kill(to, number);
        settle_sleepers();
        // One that is held does not take a signal now, but KILL ends it where it stands.
        for (Process& process : processes)
            if (process.state == State::held && kernel_state(process.pid) != 't')
                settle(process, true);
        settle_sleepers();
    }

    auto by_pid(pid_t pid) -> Process* {
        for (auto i = processes.rbegin(); i != processes.rend(); ++i)
            if (i->pid == pid && i->state != State::gone)
                return &*i;
        for (auto i = processes.rbegin(); i != processes.rend(); ++i)
            if (i->pid == pid && kernel_state(pid) == 'Z')
                return &*i;
        return nullptr;
    }

    auto said_by(const Actor& actor) const -> std::string {
        std::string text(4096, '\0');
        const ssize_t size = ::pread(actor.said, text.data(), text.size(), 0);
        text.resize(size < 0 ? 0 : static_cast<std::size_t>(size));
        return text;
    }

    long steps = 0;

private:
    static constexpr long options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACEFORK |
                                    PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC |
                                    PTRACE_O_EXITKILL;

    auto add(pid_t pid, int actor) -> Process& {
        Process process;
        process.pid = pid;
        process.index = static_cast<int>(processes.size());
        process.actor = actor;
        return processes.emplace_back(process);
    }

    [[noreturn]] static void become(const Actor& actor, int go) {
        char byte;
        if (::read(go, &byte, 1) != 1)
            ::_exit(97);
        ::setpgid(0, 0);
        const int null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        ::dup2(null, 0);
        ::dup2(null, 1);
        ::dup2(actor.said, 2);
        for (int number = 1; number <= 31; ++number)
            ::signal(number, number == actor.ignored ? SIG_IGN : SIG_DFL);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        std::vector<char*> words;
        for (const std::string& word : actor.command)
            words.push_back(const_cast<char*>(word.c_str()));
        words.push_back(nullptr);
        char* environment[] = {nullptr};
        install_filter();
        ::execve(words[0], words.data(), environment);
        ::_exit(96);
    }

    static void resume(const Process& process, int signal = 0) {
        if (::ptrace(PTRACE_CONT, process.pid, 0, signal) != 0 && errno != ESRCH)
            give_up("cannot resume a process");
    }

    /// Without a vDSO every question about the time is a system call.
    static void hide_vdso(pid_t pid) {
        unsigned long long at = registers_of(pid).rsp;
        const auto next = [&] {
            unsigned long long word = 0;
            peek(pid, at, &word, sizeof word);
            at += sizeof word;
            return word;
        };
        const auto arguments = next();
        at += (arguments + 1) * sizeof at; // and their null
        while (next() != 0) {              // the environment
        }
        for (unsigned long long type; (type = next()) != AT_NULL; next())
            if (type == AT_SYSINFO_EHDR) {
                const unsigned long long ignored = AT_IGNORE;
                poke(pid, at - sizeof at, &ignored, sizeof ignored);
            }
    }

    /// Of ppoll: without a limit in the kernel, and with a deadline here.
    void limit_sleep(Process& process) {
        process.deadline = -1;
        if (process.call != SYS_ppoll || process.argument[2] == 0)
            return;
        timespec limit{};
        peek(process.pid, process.argument[2], &limit, sizeof limit);
        const long long length = limit.tv_sec * 1'000'000'000LL + limit.tv_nsec;
        if (length == 0)
            return;
        process.deadline = now + length;
        auto registers = registers_of(process.pid);
        registers.rdx = 0;
        ::ptrace(PTRACE_SETREGS, process.pid, 0, &registers);
    }

    static auto is_restart(long long answer) -> bool { return answer <= -512 && answer >= -516; }

    /// As waitid(2), for a minute.
    static auto wait_a_minute(const Process& process, siginfo_t& news, int wanted) -> int {
        struct sigaction wake {};
        wake.sa_handler = [](int) {};
        ::sigaction(SIGALRM, &wake, nullptr);
        ::alarm(60);
        const int answer = ::waitid(P_PID, static_cast<id_t>(process.pid), &news, wanted);
        const int error = errno;
        ::alarm(0);
        errno = error;
        return answer;
    }

    /// Follows a process until it is held, asleep or dead. `certainly`: it will not sleep first.
    /// One that does waits for itself, such as for a lock of libc's that nobody gives back.
    void settle(Process& process, bool certainly) {
        for (int looked = 0;;) {
            siginfo_t news{};
            constexpr int news_of = WEXITED | WSTOPPED | WNOWAIT | __WALL;
            if (const int answer = certainly ? wait_a_minute(process, news, news_of)
                                             : ::waitid(P_PID, static_cast<id_t>(process.pid),
                                                        &news, news_of | WNOHANG);
                answer != 0) {
                if (errno != EINTR)
                    give_up("waitid");
                if (certainly && sleeps(process)) {
                    trace(process, "waits for itself");
                    process.state = State::asleep;
                    return;
                }
                continue;
            }
            if (news.si_pid == 0) {
                if (++looked > 1 && sleeps(process)) {
                    process.state = State::asleep;
                    return;
                }
                ::sched_yield();
                continue;
            }
            looked = 0;
            if (news.si_code == CLD_EXITED || news.si_code == CLD_KILLED ||
                news.si_code == CLD_DUMPED) {
                process.state = State::dead;
                process.end_code = news.si_code;
                process.end_status = news.si_status;
                process.deadline = -1;
                trace(process, news.si_code == CLD_EXITED
                                   ? "leaves with " + std::to_string(news.si_status)
                                   : "is killed by " + std::to_string(news.si_status));
                return;
            }
            int status;
            if (::waitpid(process.pid, &status, __WALL) != process.pid)
                give_up("waitpid");
            if (is_held_after(process, status, certainly))
                return;
        }
    }

    /// In a sleep that only another one can end. Looked at twice: it may have gone on in between.
    static auto sleeps(const Process& process) -> bool {
        const char state = kernel_state(process.pid);
        if ((state != 'S' && !(state == 'D' && process.in_vfork)) || !has_left_cpu(process.pid))
            return false;
        siginfo_t news{};
        ::waitid(P_PID, static_cast<id_t>(process.pid), &news,
                 WEXITED | WSTOPPED | WNOHANG | WNOWAIT | __WALL);
        return news.si_pid == 0;
    }

    /// Deals with one stop; false where the process goes on at once.
    auto is_held_after(Process& process, int status, bool& certainly) -> bool {
        const int signal = WSTOPSIG(status);
        switch (status >> 16) {
        case PTRACE_EVENT_SECCOMP:
            return is_held_before_call(process);
        case PTRACE_EVENT_FORK:
        case PTRACE_EVENT_VFORK:
        case PTRACE_EVENT_CLONE: {
            unsigned long pid = 0;
            ::ptrace(PTRACE_GETEVENTMSG, process.pid, 0, &pid);
            const Process& child = add(static_cast<pid_t>(pid), process.actor);
            int first;
            if (::waitpid(child.pid, &first, __WALL) != child.pid)
                give_up("a child is not traced");
            trace(process, "makes process " + std::to_string(child.index));
            process.in_vfork = status >> 16 == PTRACE_EVENT_VFORK;
            certainly = certainly && !process.in_vfork;
            break;
        }
        case PTRACE_EVENT_EXEC:
            hide_vdso(process.pid);
            break;
        case PTRACE_EVENT_STOP:
            if (process.sleep_is_over) {
                process.sleep_is_over = false;
                auto registers = registers_of(process.pid);
                if (is_restart(static_cast<long long>(registers.rax))) {
                    registers.rax = 0; // as ppoll answers at the end of its time
                    registers.orig_rax = ~0ULL;
                    ::ptrace(PTRACE_SETREGS, process.pid, 0, &registers);
                }
            }
            break;
        default: // a signal is about to act
            trace(process, "takes signal " + std::to_string(signal));
            process.was_interrupted =
                is_restart(static_cast<long long>(registers_of(process.pid).rax));
            resume(process, signal);
            return false;
        }
        resume(process);
        return false;
    }

    auto is_held_before_call(Process& process) -> bool {
        auto registers = registers_of(process.pid);
        const auto call = static_cast<long>(registers.orig_rax);
        if (call == SYS_clock_gettime) {
            now += 1000;
            const timespec time{now / 1'000'000'000, now % 1'000'000'000};
            poke(process.pid, registers.rsi, &time, sizeof time);
            registers.orig_rax = ~0ULL;
            registers.rax = 0;
            ::ptrace(PTRACE_SETREGS, process.pid, 0, &registers);
            resume(process);
            return false;
        }
        if (call == SYS_newfstatat &&
            (registers.r10 & AT_EMPTY_PATH) != 0) { // fstat: of its own file
            resume(process);
            return false;
        }
        const bool again = process.was_interrupted && call == process.call && call == SYS_ppoll &&
                           registers.rdi == process.argument[0] && registers.rdx == 0 &&
                           process.argument[2] != 0;
        process.was_interrupted = false;
        if (again) { // the kernel makes it again, with the limit that we took away
            resume(process);
            return false;
        }
        process.in_vfork = false;
        process.call = call;
        process.argument[0] = registers.rdi;
        process.argument[1] = registers.rsi;
        process.argument[2] = registers.rdx;
        process.argument[3] = registers.r10;
        process.argument[4] = registers.r8;
        process.argument[5] = registers.r9;
        process.state = State::held;
        return true;
    }

    void settle_sleepers() {
        for (bool any = true; any;) {
            any = false;
            for (std::size_t i = 0; i != processes.size(); ++i) {
                Process& process = processes[i];
                if (process.state != State::asleep || sleeps(process))
                    continue;
                settle(process, false);
                any = any || process.state != State::asleep;
            }
        }
    }

    void end_everyone() {
        for (const Process& process : processes)
            if (process.state != State::gone)
                ::kill(process.pid, SIGKILL);
        for (;;) { // children of killed ones become ours
            int status;
            const pid_t pid = ::waitpid(-1, &status, __WALL);
            if (pid < 0 && errno == ECHILD)
                return;
            if (pid > 0 && WIFSTOPPED(status))
                ::kill(pid, SIGKILL);
        }
    }
};

} // namespace schedule

#endif
