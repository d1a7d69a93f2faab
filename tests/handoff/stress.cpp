// SPDX-License-Identifier: BSL-1.0
// Hands a memory over again and again, and lets the daemon do what daemons do with one: threads,
// allocation, signals, children, another program, a core dump, a debugger.
//
//     stress [STARTS] [--may-fork]
//
// Every start must hand over, or with --may-fork none need. Stands alone, so that it can be linked
// statically for another machine.
#include <daemonizer/daemonizer.hpp>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <pthread.h>
#include <sched.h>
#include <spawn.h>
#include <string>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

extern char** environ;

namespace {

using namespace daemonizer;

/// What the processes of a start leave for this program, in memory that they share with it.
struct Marks {
    pid_t daemon;
    bool handed_over;
    char wrong[200];
};
Marks* marks;
char* program;

void expect(bool is_so, const char* what) {
    if (!is_so && marks->wrong[0] == '\0')
        std::snprintf(marks->wrong, sizeof marks->wrong, "%s (errno %d)", what, errno);
}

// ---- In the daemon ------------------------------------------------------------------------------

volatile sig_atomic_t handled = 0;
char* signal_stack;
constexpr std::size_t signal_stack_size = 64 << 10;

void handle(int) {
    const char here = 0;
    if (&here >= signal_stack && &here < signal_stack + signal_stack_size)
        handled = handled + 1;
}

/// In the launcher: what the kernel knows of this thread must be the daemon's afterwards.
void take_signal_stack() {
    signal_stack = static_cast<char*>(std::malloc(signal_stack_size));
    stack_t stack{};
    stack.ss_sp = signal_stack;
    stack.ss_size = signal_stack_size;
    ::sigaltstack(&stack, nullptr);
}

void use_identity() {
    expect(::gettid() == ::getpid(), "the daemon's thread is its first");
    int* id = nullptr;
    expect(!marks->handed_over || (::prctl(PR_GET_TID_ADDRESS, &id) == 0 && *id == ::getpid()),
           "the kernel's place for the id is libc's");
    expect(::sched_getcpu() >= 0, "sched_getcpu");

    pthread_mutexattr_t checking;
    ::pthread_mutexattr_init(&checking);
    ::pthread_mutexattr_settype(&checking, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_t mutex;
    ::pthread_mutex_init(&mutex, &checking);
    expect(::pthread_mutex_lock(&mutex) == 0 && ::pthread_mutex_lock(&mutex) == EDEADLK &&
               ::pthread_mutex_unlock(&mutex) == 0,
           "a mutex that checks for errors");

    struct sigaction on_stack {};
    on_stack.sa_handler = handle;
    on_stack.sa_flags = SA_ONSTACK;
    ::sigaction(SIGUSR1, &on_stack, nullptr);
    handled = 0;
    expect(::raise(SIGUSR1) == 0 && handled == 1, "raise, on the signal's own stack");
}

/// A robust mutex whose owner ends in the middle is passed on: the daemon's list is registered.
void use_robust_mutex() {
    void* const shared = ::mmap(nullptr, sizeof(pthread_mutex_t), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    auto* const mutex = static_cast<pthread_mutex_t*>(shared);
    pthread_mutexattr_t robust;
    ::pthread_mutexattr_init(&robust);
    ::pthread_mutexattr_setrobust(&robust, PTHREAD_MUTEX_ROBUST);
    ::pthread_mutexattr_setpshared(&robust, PTHREAD_PROCESS_SHARED);
    ::pthread_mutex_init(mutex, &robust);
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(::pthread_mutex_lock(mutex));
    int status = -1;
    expect(::waitpid(child, &status, 0) == child && status == 0, "a child that dies");
    expect(::pthread_mutex_lock(mutex) == EOWNERDEAD, "a robust mutex of a child that is gone");
    ::munmap(shared, sizeof(pthread_mutex_t));
}

auto allocate(void* mutex) -> void* {
    std::vector<std::string> texts;
    for (std::size_t i = 0; i != 100; ++i)
        texts.emplace_back(i * 97 % 4000, 'x');
    auto* const shared = static_cast<pthread_mutex_t*>(mutex);
    ::pthread_mutex_lock(shared);
    ::pthread_mutex_unlock(shared);
    return texts.empty() ? nullptr : mutex;
}

void use_threads(int count) {
    pthread_mutex_t mutex;
    ::pthread_mutex_init(&mutex, nullptr);
    pthread_attr_t small;
    ::pthread_attr_init(&small);
    ::pthread_attr_setstacksize(&small, 128 << 10);
    std::vector<pthread_t> threads(static_cast<std::size_t>(count));
    for (auto& thread : threads)
        expect(::pthread_create(&thread, &small, allocate, &mutex) == 0, "a thread");
    for (auto& thread : threads) {
        void* result = nullptr;
        expect(::pthread_join(thread, &result) == 0 && result == &mutex, "a thread's result");
    }
}

void use_children() {
    int status = -1;
    const pid_t child = ::fork();
    if (child == 0)
        ::_exit(::gettid() == ::getpid() ? 7 : 1);
    expect(::waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 7, "fork");

    char option[] = "--exit-9";
    char* words[] = {program, option, nullptr};
    pid_t spawned = 0;
    expect(::posix_spawn(&spawned, program, nullptr, nullptr, words, environ) == 0 &&
               ::waitpid(spawned, &status, 0) == spawned && WEXITSTATUS(status) == 9,
           "posix_spawn");
}

enum class ending { serves, fails, execs, dumps_core };

auto serve(auto& daemon, int turn, ending end) -> int {
    marks->handed_over = daemon.handed_over();
    use_identity();
    use_threads(turn % 100 == 0 ? 400 : 8);
    if (end == ending::fails)
        return daemon.fail(3, "as told to");
    const pid_t launcher = ::getppid();
    daemon.ready();
    while (::getppid() == launcher && launcher != 1) // it has been told, and is about to leave
        ::sched_yield();
    use_identity();
    use_threads(8);
    if (marks->handed_over) { // an emulator of a processor, which forks, lacks what these need
        use_robust_mutex();
        use_children();
    }
    marks->daemon = ::getpid();
    if (end == ending::execs && marks->handed_over)
        ::execl(program, program, "--exit-9", nullptr);
    if (end == ending::dumps_core)
        std::abort();
    expect(daemon.wait() == SIGTERM, "SIGTERM");
    return 5;
}

// ---- In this program ----------------------------------------------------------------------------

auto launch(int turn, ending end, const char* pid_file) -> int {
    const pid_t launcher = ::fork();
    if (launcher == 0) {
        ::prctl(PR_SET_CHILD_SUBREAPER, 0);
        const rlimit no_core{0, 0};
        ::setrlimit(RLIMIT_CORE, &no_core); // it dies of it even so
        if (end == ending::fails)
            ::fclose(stderr);
        take_signal_stack();
        const Daemonizer service{HandoffFork{}, PidFile{pid_file}, KeepStdio{}, KeepDirectory{},
                                 SignalFd<SIGTERM>{}};
        std::exit(service.run([&](auto& daemon) { return serve(daemon, turn, end); }));
    }
    int status = -1;
    ::waitpid(launcher, &status, 0);
    return status;
}

/// Attaches and looks where it stands; true where there is no gdb.
auto is_understood_by_gdb(pid_t daemon) -> bool {
    if (std::system("command -v gdb >/dev/null 2>&1") != 0)
        return true;
    const std::string command = "gdb -nx -batch -p " + std::to_string(daemon) +
                                " -ex 'info threads' -ex backtrace 2>/dev/null </dev/null |"
                                " grep -qE '^#[0-9]+ +(0x[0-9a-f]+ in )?main \\('";
    return std::system(command.c_str()) == 0;
}

void make(int turn, ending end, const char* pid_file) {
    const int launched = launch(turn, end, pid_file);
    if (end == ending::fails) {
        expect(WIFEXITED(launched) && WEXITSTATUS(launched) == 3, "the launcher's status is 3");
        expect(::access(pid_file, F_OK) != 0, "no pid file after a failure");
        return;
    }
    expect(WIFEXITED(launched) && WEXITSTATUS(launched) == 0, "the launcher's status is 0");
    while (marks->daemon == 0 && marks->wrong[0] == '\0')
        ::sched_yield();
    if (marks->daemon == 0)
        return;
    if (end == ending::serves && marks->handed_over && turn % 240 == 0)
        expect(is_understood_by_gdb(marks->daemon), "gdb sees main");
    int status = -1;
    if (end == ending::execs && !marks->handed_over)
        end = ending::serves;
    if (end == ending::serves)
        ::kill(marks->daemon, SIGTERM);
    if (::waitpid(marks->daemon, &status, 0) < 0 && errno == ECHILD && !marks->handed_over) {
        while (::kill(marks->daemon, 0) == 0) // no subreaper here: it is not our child
            ::usleep(1000);
        return;
    }
    if (end == ending::dumps_core)
        expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT, "of SIGABRT");
    else
        expect(WIFEXITED(status) && WEXITSTATUS(status) == (end == ending::execs ? 9 : 5),
               "with its own status");
    if (end == ending::serves)
        expect(::access(pid_file, F_OK) != 0, "no pid file in the end");
}

} // namespace

auto main(int argc, char** argv) -> int {
    program = argv[0];
    int starts = 1000;
    bool may_fork = false;
    for (int i = 1; i != argc; ++i) {
        if (std::strcmp(argv[i], "--exit-9") == 0)
            return 9;
        if (std::strcmp(argv[i], "--may-fork") == 0)
            may_fork = true;
        else
            starts = std::atoi(argv[i]);
    }
    void* const shared =
        ::mmap(nullptr, sizeof(Marks), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char directory[] = "/tmp/daemonizer.XXXXXX";
    if (shared == MAP_FAILED || ::mkdtemp(directory) == nullptr)
        return 1;
    const std::string pid_file = std::string{directory} + "/pid";
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    int handed_over = 0, done = 0;
    constexpr ending ends[] = {ending::serves, ending::serves, ending::fails,
                               ending::serves, ending::execs,  ending::dumps_core};
    for (marks = static_cast<Marks*>(shared); done != starts; ++done) {
        *marks = {};
        make(done, ends[done % 6], pid_file.c_str());
        handed_over += marks->handed_over ? 1 : 0;
        if (marks->wrong[0] != '\0') {
            std::printf("start %d: not so: %s\n", done, marks->wrong);
            break;
        }
        while (::waitpid(-1, nullptr, WNOHANG) > 0) {
        }
    }
    ::unlink(pid_file.c_str());
    ::rmdir(directory);
    std::printf("%d of %d starts, %d handed over\n", done, starts, handed_over);
    return done == starts && (may_fork || handed_over == starts) ? 0 : 1;
}
