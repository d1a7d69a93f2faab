// SPDX-License-Identifier: BSL-1.0
// Starts, and starts that fail, with a heap that ends whoever touches it; and how much of the stack
// they take, seen in a stack that was painted before.
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace daemonizer;

// The heap -------------------------------------------------------------------------------------

namespace {

bool forbidden; ///< in this process from here on, and in all that it forks

void touch(const char* call) {
    if (!forbidden)
        return;
    std::fprintf(stderr, "%s: called during a start\n", call);
    std::abort();
}

/// Enough for what runs before main; nothing is given back.
alignas(std::max_align_t) char room[1 << 20];
std::size_t used;

} // namespace

extern "C" {
void* malloc(std::size_t size) {
    touch("malloc");
    const std::size_t unit = alignof(std::max_align_t);
    const std::size_t whole = (size + unit - 1) / unit * unit;
    if (whole > sizeof room - used)
        return nullptr;
    used += whole;
    return room + used - whole;
}
void* calloc(std::size_t count, std::size_t size) {
    return malloc(count * size); // still zero
}
void* realloc(void* block, std::size_t size) {
    void* const larger = malloc(size);
    if (larger != nullptr && block != nullptr) // and what lies behind it, which does no harm
        std::memmove(larger, block, size);
    return larger;
}
void free(void* block) {
    if (block != nullptr)
        touch("free");
}
}

namespace {

// The stack ------------------------------------------------------------------------------------

constexpr std::size_t painted = 64 << 10;
constexpr char paint = 0x5a;

struct Shared {
    std::size_t launcher, daemon; ///< bytes of stack, at the most
};
Shared* shared;
char* bottom; ///< of what was painted
char* top;

[[gnu::noinline]] void paint_stack() {
    char area[painted];
    std::memset(area, paint, sizeof area);
    bottom = area;
    asm volatile("" : : "r"(bottom) : "memory"); // somebody will look at it
    top = static_cast<char*>(__builtin_frame_address(0));
}

void note(std::size_t& most) {
    const char* deepest = bottom;
    while (deepest != top && *deepest == paint)
        ++deepest;
    const auto depth = static_cast<std::size_t>(top - deepest);
    most = depth > most ? depth : most;
}

/// Notes how deep the launcher went, an intermediate on its stack included, when it leaves.
template <class Host>
struct Noting : Host {
    [[noreturn]] static void leave_at_once(int status) {
        note(shared->launcher);
        Host::leave_at_once(status);
    }
};
struct NotingHost : Noting<PosixHost> {
#if DAEMONIZER_HAS_RAW_CALLS
    using raw = Noting<detail::RawHost>;
#endif
};

// The starts -----------------------------------------------------------------------------------

char pid_file[64], log_file[64], missing[64];

/// The pid file locked as a daemon does it, which this process then is.
auto hold_pid_file() -> int {
    const int fd = ::open(pid_file, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    struct flock byte {};
    byte.l_type = F_WRLCK;
    byte.l_len = 1;
    ::fcntl(fd, F_OFD_SETLK, &byte);
    byte.l_start = 1;
    ::fcntl(fd, F_SETLK, &byte);
    return fd;
}

template <class Fork, class Body>
auto start(const char* pid, const char* log, Body body) -> int {
    return Daemonizer{NotingHost{},        Fork{},        PidFile{pid}, LogStdio{log},
                      SignalFd<SIGTERM>{}, Syslog{"heap"}}
        .run([&](auto& daemon) {
            note(shared->daemon);
            return body(daemon);
        });
}

/// A duration, for which the heap needs no header of its own.
struct AtOnce {
    struct period {
        static constexpr int num = 1, den = 1;
    };
    static auto count() -> int { return 0; }
};

int failures;

/// Runs a start in a process of its own and waits until nothing of it is left.
template <class Start>
void expect(int status, const char* what, Start begin) {
    std::fflush(nullptr);
    const pid_t launcher = ::fork();
    if (launcher == 0) {
        paint_stack();
        forbidden = true;
        const int ended = begin();
        forbidden = false; // exit() is the program's own affair
        std::exit(ended);
    }
    int how = 0;
    ::waitpid(launcher, &how, 0);
    while (::wait(nullptr) > 0) { // the daemon: orphans come to us
    }
    const int got = WIFEXITED(how) ? WEXITSTATUS(how) : 128 + WTERMSIG(how);
    if (got != status) {
        std::printf("FAILED: %s: status %d and not %d\n", what, got, status);
        ++failures;
    }
}

template <class Fork>
void expect_starts() {
    expect(0, "a start", [] {
        return start<Fork>(pid_file, log_file, [](auto& daemon) {
            daemon.ready();
            daemon.wait_for(AtOnce{});
            daemon.reopen();
            return 0;
        });
    });
    expect(3, "a body that fails", [] {
        return start<Fork>(pid_file, log_file,
                           [](auto& daemon) { return daemon.fail(3, "no configuration"); });
    });
    expect(4, "a body that ends before it is ready",
           [] { return start<Fork>(pid_file, log_file, [](auto&) { return 4; }); });
    expect(128 + SIGKILL, "a daemon that is killed", [] {
        return start<Fork>(pid_file, log_file, [](auto&) { return ::kill(::getpid(), SIGKILL); });
    });
    expect(1, "a step that fails in the daemon",
           [] { return start<Fork>(pid_file, missing, [](auto&) { return 0; }); });
    expect(1, "a pid file that cannot be made",
           [] { return start<Fork>(missing, log_file, [](auto&) { return 0; }); });
    const int held = hold_pid_file();
    expect(1, "a second start",
           [] { return start<Fork>(pid_file, log_file, [](auto&) { return 0; }); });
    ::close(held);
    ::unlink(pid_file);
    expect(128 + SIGABRT, "a body that uses the heap", [] {
        return start<Fork>(pid_file, log_file, [](auto&) {
            void* volatile block = std::malloc(1); // not to be left out
            return block == nullptr ? 1 : 0;
        });
    });
}

/// A little more than what was measured with g++ 12 and clang 14 at -O2.
constexpr std::size_t most_stack = 16 << 10;

void check_stack(const char* whose, std::size_t depth) {
    std::printf("%s: %zu bytes of stack\n", whose, depth);
    if (depth == 0 || depth > most_stack) {
        std::printf("FAILED: that should be some, and at most %zu\n", most_stack);
        ++failures;
    }
}

} // namespace

int main() {
    void* const page =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char directory[] = "/tmp/heap-XXXXXX";
    if (page == MAP_FAILED || ::mkdtemp(directory) == nullptr ||
        ::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
        return 1;
    shared = static_cast<Shared*>(page);
    std::snprintf(pid_file, sizeof pid_file, "%s/pid", directory);
    std::snprintf(log_file, sizeof log_file, "%s/log", directory);
    std::snprintf(missing, sizeof missing, "%s/missing/log", directory);

    expect_starts<SingleFork>();
    expect_starts<DoubleFork>();
    check_stack("launcher", shared->launcher);
    check_stack("daemon", shared->daemon);
    expect_starts<HandoffFork>();

    ::unlink(log_file);
    if (::rmdir(directory) != 0) {
        std::perror("FAILED: a start has left something behind");
        ++failures;
    }
    return failures == 0 ? 0 : 1;
}
