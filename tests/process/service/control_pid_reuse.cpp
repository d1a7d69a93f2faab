// SPDX-License-Identifier: BSL-1.0
// The daemon dies between two system calls of stop, and its pid becomes a stranger's at once: in a
// pid namespace of one's own the kernel can be told which pid comes next. The stranger must never
// be signalled.
#include "control.hpp"

#include <functional>

using namespace daemonizer;
using namespace launch;

namespace {

/// Makes the system calls that stop makes, and lets the test act right before each of them.
template <bool Pidfds>
struct Watched : PosixHost {
    inline static std::function<void(const char*)> before = [](const char*) {};

    static auto open(int directory, const char* path, int flags) -> int {
        return before("open"), PosixHost::open(directory, path, flags);
    }
    static auto close(int fd) -> int { return before("close"), PosixHost::close(fd); }
    static auto read_at(int fd, void* into, std::size_t size, off_t offset) -> long {
        return before("read"), PosixHost::read_at(fd, into, size, offset);
    }
    using PosixHost::status;
    static auto status(int fd, struct stat& file) -> int {
        return before("fstat"), PosixHost::status(fd, file);
    }
    static auto lock(int fd, int command, struct flock& range) -> int {
        return before("lock"), PosixHost::lock(fd, command, range);
    }
    static auto poll(pollfd* set, nfds_t size, const timespec* limit, const sigset_t* mask) -> int {
        before("poll");
        const int ready = size == 0 ? 0 : PosixHost::poll(set, size, limit, mask);
        if (ready == 0)
            time += limit->tv_sec * 1'000'000'000LL + limit->tv_nsec;
        return ready;
    }
    static auto open_process(pid_t process) -> int {
        before("pidfd_open");
        return Pidfds ? PosixHost::open_process(process) : -ENOSYS;
    }
    static auto signal_process(int process, int number) -> int {
        return before("pidfd_send_signal"), PosixHost::signal_process(process, number);
    }
    static auto signal(pid_t process, int number) -> int {
        return before("kill"), PosixHost::signal(process, number);
    }
    /// Goes on in sleep alone: a busy machine changes nothing. And a pause takes no time, since
    /// what is under way here stays so.
    static auto now() -> long long { return time; }
    inline static long long time = 0;
};

/// What becomes of the daemon.
enum class end {
    killed,           ///< its number stays in the file
    killed_stubborn,  ///< which did not end by SIGTERM
    orderly,          ///< the file is gone
    killed_restarted, ///< a new start holds byte 0 and has not written its number yet
    killed_worker,    ///< a worker of it still holds byte 0
};

/// The daemon of one try, its end, and the stranger who comes after it. In the namespace's init,
/// which is the parent of all of them.
class Try {
public:
    Try(const std::string& path, end how) : path_{path}, how_{how} {
        const pid_t launcher = ::fork();
        if (launcher == 0)
            ::_exit(run_daemon());
        int status;
        must(::waitpid(launcher, &status, 0) == launcher && status == 0, "start");
        must(::waitpid(-1, nullptr, 0) > 0, "intermediate"); // from then on the daemon is our child
        daemon_ = std::stoi(text_of(path));
    }

    void end_daemon_and_reuse_its_pid() {
        ::kill(daemon_, how_ == end::orderly ? SIGTERM : SIGKILL);
        must(::waitpid(daemon_, nullptr, 0) == daemon_, "the daemon's end");
        write_text("/proc/sys/kernel/ns_last_pid", std::to_string(daemon_ - 1));
        must(::pipe2(stranger_may_end_, O_CLOEXEC) == 0, "pipe"); // not before: the worker had it
        stranger_ = ::fork();
        if (stranger_ == 0)
            ::_exit(be_stranger());
        must(stranger_ == daemon_, "the same pid again");
        if (how_ == end::killed_restarted && exists(path_)) {
            starting_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
            must(lock_byte(starting_, F_OFD_SETLK, F_WRLCK, 0), "a new start");
        }
    }

    /// How the stranger ended: 0 where no signal was sent to it.
    auto finish() -> int {
        ::close(stranger_may_end_[0]);
        ::close(stranger_may_end_[1]);
        if (starting_ >= 0)
            ::close(starting_);
        int status = 0;
        must(::waitpid(stranger_, &status, 0) == stranger_, "the stranger's end");
        ::kill(-1, SIGKILL); // the worker
        while (::waitpid(-1, nullptr, 0) > 0) {
        }
        ::unlink(path_.c_str());
        return code_of(status);
    }

private:
    auto run_daemon() const -> int {
        return Daemonizer{DoubleFork{}, PidFile{path_.c_str()}, SignalFd<SIGTERM>{},
                          KeepDescriptors{}}
            .run([&](auto& self) {
                if (how_ == end::killed_worker && ::fork() == 0)
                    for (;;)
                        ::pause();
                self.ready();
                while (self.wait() != SIGTERM || how_ == end::killed_stubborn) {
                }
                return 0;
            });
    }
    auto be_stranger() const -> int {
        sigset_t all, pending;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        ::close(stranger_may_end_[1]);
        char byte;
        must(::read(stranger_may_end_[0], &byte, 1) == 0, "the stranger's wait");
        ::sigpending(&pending);
        for (int signal = 1; signal < NSIG; ++signal)
            if (sigismember(&pending, signal) == 1)
                return signal;
        return 0;
    }

    std::string path_;
    end how_;
    int stranger_may_end_[2];
    int starting_ = -1;
    pid_t daemon_ = 0, stranger_ = 0;
};

/// One stop during which the daemon ends before the `when`-th call. False where there are fewer.
template <class Host>
auto survives(const std::string& path, end how, int when) -> bool {
    Try one{path, how};
    std::string calls;
    int count = 0;
    Host::before = [&](const char* call) {
        calls += std::string{" "} + call;
        // Without pidfds nothing can be done about the moment between the lock's answer and kill.
        if (std::strcmp(call, "kill") != 0 && ++count == when)
            one.end_daemon_and_reuse_its_pid();
    };
    const ControlResult result = detail::DaemonControl{Host{}, path.c_str()}.stop(
        {{SIGTERM, how == end::killed_stubborn ? 0 : 60}, {SIGKILL, 60}});
    Host::before = [](const char*) {};
    const bool reached = count >= when;
    if (!reached)
        one.end_daemon_and_reuse_its_pid();
    const int signalled = one.finish();
    const std::string story = words_of(result) + ", after" + calls;
    if (signalled != 0)
        throw std::runtime_error{"the stranger was signalled: " + story};
    if (result.what != outcome::done && result.what != outcome::not_running)
        throw std::runtime_error{"stop failed: " + story};
    return reached;
}

/// Less of it where a fork is many times as slow.
struct Effort {
    int tries_a_round = detail::is_under_valgrind() ? 20 : 50;
#if defined(__SANITIZE_ADDRESS__)
    int rounds = 4, few_rounds = 2;
#else
    int rounds = detail::is_under_valgrind() ? 1 : 20;
    int few_rounds = detail::is_under_valgrind() ? 1 : 2;
#endif
};

/// So many stops one after the other; tells how many calls the longest made.
template <class Host>
void try_stops(const std::string& path, end how) {
    int calls = 0, when = 1;
    for (int done = 0; done != Effort{}.tries_a_round; ++done, ++when) {
        if (survives<Host>(path, how, when))
            continue;
        calls = std::max(calls, when - 1);
        when = 0;
    }
    tell("calls " + std::to_string(std::max(calls, when - 1)));
}

template <class Host>
void check_pid_reuse(end how, int rounds = Effort{}.few_rounds) {
    const auto can = [] {
        must(::unshare(CLONE_NEWPID) == 0, "unshare");
        must(::access("/proc/sys/kernel/ns_last_pid", W_OK) == 0, "ns_last_pid");
    };
    if (cannot("a pid namespace whose next pid can be chosen", can))
        return;
    for (int round = 0; round != rounds; ++round) {
        Scene scene;
        const pid_t outer = scene.begin([&] {
            must(::unshare(CLONE_NEWPID) == 0, "unshare");
            const pid_t init = ::fork();
            if (init == 0) {
                try_stops<Host>(scene.path("x.pid"), how);
                ::_exit(0);
            }
            int status;
            ::waitpid(init, &status, 0);
            return code_of(status);
        });
        const int status = scene.end_of(outer);
        INFO(scene.err());
        REQUIRE(status == 0);
        CHECK(scene.number("calls") >= 10);
    }
}

} // namespace

TEMPLATE_TEST_CASE("a pid that was used again is never signalled, in 1000 tries", "[control]",
                   Watched<true>, Watched<false>) {
    check_pid_reuse<TestType>(end::killed, Effort{}.rounds);
}

TEMPLATE_TEST_CASE("a pid that was used again is never signalled", "[control]", Watched<true>,
                   Watched<false>) {
    SECTION("while stop escalates") { check_pid_reuse<TestType>(end::killed_stubborn); }
    SECTION("after an orderly end") { check_pid_reuse<TestType>(end::orderly); }
    SECTION("while a new start holds the file and has not written its number") {
        check_pid_reuse<TestType>(end::killed_restarted);
    }
    SECTION("while a worker of the daemon holds the file") {
        check_pid_reuse<TestType>(end::killed_worker);
    }
}
