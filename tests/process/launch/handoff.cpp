// SPDX-License-Identifier: BSL-1.0
// HandoffFork: the daemon has the launcher's own memory, and the launcher is gone. What it does
// with it at length is tests/handoff's; that it starts as the others do is in all the files beside
// this.
#include "kernel.hpp"

#include <fstream>
#include <memory>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <sys/utsname.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// Says why where a hand-off is not to be expected.
auto cannot_hand_over() -> bool {
#if DAEMONIZER_CAN_HAND_OVER
    detail::ThreadRegistration identity;
    if (PosixHost::shares_memory && detail::may_hand_over(identity))
        return false;
#endif
    WARN("skipped: no memory is handed over here");
    return true;
}

/// A field of /proc/self/status, "VmLck".
auto status_field(const std::string& name) -> std::string {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.rfind(name + ":", 0) == 0)
            return line.substr(line.find_first_not_of(": \t", name.size()));
    return "";
}

auto faults() -> long {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

constexpr std::size_t page = 4096, pages = 4096;

} // namespace

TEST_CASE("HandoffFork hands the memory over, locked and marked as it was", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const auto outcome = scene.run([] {
        const auto map = [](std::size_t size) {
            return static_cast<char*>(
                ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        };
        char* const locked = map(page);
        must(::mlock(locked, page) == 0, "mlock");
        char* const own = map(page); // a fork would leave it behind
        must(::madvise(own, page, MADV_DONTFORK) == 0, "madvise");
        *own = 'o';
        char* const large = map(page * pages);
        std::memset(large, 'l', page * pages);
        return Daemonizer<HandoffFork, Wires>{}.run([=](auto& daemon) {
            tell(std::string{"handed over "} + (daemon.handed_over() ? "yes" : "no"));
            tell("locked " + status_field("VmLck"));
            tell(std::string{"own "} + *own);
            const long before = faults();
            for (std::size_t i = 0; i != pages; ++i)
                large[i * page] = 'd';
            const long after = faults();
            tell("faults " + std::to_string(after - before));
            return serve(daemon);
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.fact("handed over") == "yes");
    CHECK(scene.fact("locked") == "4 kB");
    CHECK(scene.fact("own") == "o");
    CHECK(scene.number("faults") < 16);
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEST_CASE("start() with HandoffFork returns in the daemon alone", "[handoff]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool fails = GENERATE(false, true);
    const auto outcome = scene.run([&] {
        auto running = Daemonizer{HandoffFork{}, PidFile{path.c_str()}, Wires{}}.start();
        tell("returned");
        if (!running || running->is_launcher())
            return 50;
        if (fails)
            return running->fail(3, "no configuration");
        serve(*running);
        return 0;
    });
    CHECK(outcome.status == (fails ? 3 : 0));
    CHECK(outcome.err == (fails ? line("daemon: not ready: no configuration") : ""));
    scene.fact("returned");
    if (!fails)
        CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(scene.heard() == ""); // it returned once
    CHECK(scene.names() == "");
    CHECK(scene.strays() == "");
}

TEST_CASE("in check HandoffFork's launcher still returns", "[handoff]") {
    Scene scene;
    const auto outcome = scene.run([] {
        auto running = Daemonizer<HandoffFork, PidFile<"/missing/x.pid">>{}.start();
        if (!running)
            tell(std::string{"error "} + running.error().step());
        return running ? 0 : 7;
    });
    CHECK(outcome.status == 7);
    CHECK(scene.fact("error") == "pid file");
}

TEST_CASE("a text that the daemon has freed is still the launcher's", "[handoff]") {
    Scene scene;
    const std::string path = scene.path(std::string(100, 'p'));
    const pid_t launcher = scene.begin([&] {
        auto* const in_the_heap = new std::string{path};
        return Daemonizer{HandoffFork{}, PidFile{in_the_heap->c_str()}, Wires{}}.run([&](auto&) {
            in_the_heap->assign(path.size(), 'x'); // against the contract, at the worst moment
            program_invocation_short_name = nullptr;
            tell_pid();
            await_gate();
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGKILL);
    const auto outcome = scene.outcome_of(launcher);
    CHECK(outcome.status == 128 + SIGKILL);
    CHECK(outcome.err == line("daemon: killed before it was ready: Killed, signal 9"));
    CHECK(scene.names() == "");
}

TEST_CASE("a daemon can hand its memory over once more", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<HandoffFork, Wires>{}.run([](auto& first) {
            const pid_t launcher = ::getppid();
            first.ready();
            while (::getppid() == launcher) // its stack is in use until then
                ::sched_yield();
            return Daemonizer<HandoffFork, Wires>{}.run([](auto& second) {
                tell(std::string{"second "} + (second.handed_over() ? "yes" : "no"));
                return serve(second);
            });
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("second") == "yes");
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEST_CASE("as long as the first launcher is there it forks", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const pid_t launcher = scene.begin([] {
        return Daemonizer<HandoffFork, Wires>{}.run([](auto& first) {
            const auto outcome = Daemonizer<HandoffFork, Wires>{}.run([](auto& second) {
                tell(std::string{"second "} + (second.handed_over() ? "yes" : "no"));
                return serve(second);
            });
            first.ready();
            return outcome;
        });
    });
    CHECK(scene.fact("second") == "no");
    scene.let_go();
    scene.end_of(launcher);
}

namespace {

/// A policy of somebody's own with a large buffer for a state.
template <std::size_t Size>
struct Cache {
    struct slot : own_slot {
        static constexpr const char* name = "cache";
    };
    struct state {
        char room[Size];
    };
    struct Fill : undoable_step<phase::check> {
        static constexpr const char* name = "cache";
        static auto run(const auto& start, const auto& policy) -> bool {
            std::memset(start.state(policy).room, 'S', Size);
            return true;
        }
        static void undo(auto, const auto&, auto& state) {
            const bool whole = state.room[0] == 'S' && state.room[Size - 1] == 'S';
            tell(whole ? "cache whole" : "cache spoilt");
        }
        static void drop_launcher_copy(auto, const auto&, auto&) {}
    };
    using steps = step_list<Fill>;
};

char room_before[256 << 10]; // may lie below the stacks of a hand-off

} // namespace

TEMPLATE_TEST_CASE_SIG("a launcher takes along a state of any size", "[handoff]",
                       ((std::size_t Size), Size), 100, 70'000, 1'000'000) {
    Scene scene;
    const pid_t launcher = scene.begin([] {
        std::memset(room_before, 'b', sizeof room_before);
        return Daemonizer<HandoffFork, Cache<Size>, Wires>{}.run([](auto&) {
            tell_pid();
            await_gate();
            bool whole = true;
            for (const char c : room_before)
                whole = whole && c == 'b';
            tell(whole ? "memory whole" : "memory spoilt");
            ::raise(SIGKILL);
        });
    });
    scene.pid();
    scene.let_go();
    CHECK(scene.end_of(launcher) == 128 + SIGKILL);
    CHECK(scene.fact("memory") == "whole");
    CHECK(scene.fact("cache") == "whole");
}

TEST_CASE("the handle of a start that had to fork may be in the heap", "[handoff]") {
#if DAEMONIZER_CAN_HAND_OVER
    const auto start = [](const char* path) {
        return Daemonizer{HandoffFork{}, PidFile{path}, Wires{}}.start();
    };
    struct Application {
        decltype(start("")) running;
    };
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        std::vector<std::string> small;
        for (std::size_t i = 0; i != 16 * page; ++i)
            small.emplace_back(4000, 'x');
        small.resize(small.size() / 2);
        detail::launcher_is_there = 1; // as if one were
        const std::unique_ptr<Application> application{new Application{start(path.c_str())}};
        ::usleep(200'000);
        return application->running->fail(3, "no configuration");
    });
    CHECK(outcome.status == 3);
    CHECK(outcome.err == line("daemon: not ready: no configuration"));
    CHECK(scene.names() == "");
#endif
}

TEST_CASE("the daemon does not keep the launcher's end of the report", "[handoff]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{HandoffFork{}, PidFile{path.c_str()}, KeepDescriptors{}}.run(
            [](auto& daemon) {
                tell_pid();
                await_gate();
                daemon.ready(); // its launcher is gone: does not return
                tell("returned");
                await_gate();
            });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGKILL);
    scene.end_of(launcher);
    scene.let_go();
    CHECK(scene.end_of(daemon) == 1);
    CHECK(scene.names() == "");
    CHECK(scene.heard() == "");
}

TEST_CASE("the launcher does not keep the daemon's end of the report", "[handoff]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<HandoffFork, Wires>{}.run([](auto&) {
            ::execl("/bin/sleep", "sleep", "0.1", nullptr); // before it is ready
        });
    });
    CHECK(outcome.status == 1);
    CHECK(outcome.err == line("daemon: ended before it was ready: exit status 0"));
}

#if DAEMONIZER_CAN_HAND_OVER
TEST_CASE("a stack of a hand-off ends in memory that cannot be written", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const pid_t writer = scene.begin([] {
        if (!detail::handoff_stacks.protect())
            tell("protected");
        char* const below = detail::handoff_stacks.guard;
        char* const stack = detail::handoff_stacks.intermediate;
        static_assert(sizeof detail::handoff_stacks.guard >= page);
        stack[0] = 's';
        tell(below[0] == 0 && stack[-1] == 0 ? "read" : "other");
        const volatile auto at = stack - 1;
        *at = 'w';
        return 0;
    });
    scene.fact("protected");
    scene.fact("read");
    CHECK(scene.end_of(writer) == -SIGSEGV);
}
#endif

#if DAEMONIZER_CAN_HAND_OVER
namespace {

using detail::RestartableSequences, detail::ThreadRegistration;

/// As deny(), for calls whose argument `which` has one of the bits of `mask` in its lower half.
void deny_where(long number, unsigned which, unsigned mask, int error) {
    const auto argument = static_cast<unsigned>(offsetof(seccomp_data, args) + 8 * which);
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0), // seccomp_data::nr
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0, 3),
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, argument),
        BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, mask, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(error)),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog filter{6, program};
    must(::prctl(PR_SET_NO_NEW_PRIVS, 1UL, 0UL, 0UL, 0UL) == 0, "no_new_privs");
    must(::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0, "seccomp");
}

struct Registered {
    void* robust_list = nullptr;
    std::size_t size = 0;
    int* id = nullptr;
    stack_t stack{};
};
auto registered() -> Registered {
    Registered now;
    ::syscall(SYS_get_robust_list, 0, &now.robust_list, &now.size);
    ::prctl(PR_GET_TID_ADDRESS, &now.id);
    ::sigaltstack(nullptr, &now.stack);
    return now;
}

/// Whether `check` holds in a child that has first refused itself what `deny` says.
template <class Deny, class Check>
auto holds(Deny deny, Check check) -> bool {
    Scene scene;
    return scene
               .run([&] {
                   deny();
                   return check() ? 0 : 1;
               })
               .status == 0;
}
constexpr auto nothing = [] {};

} // namespace

TEST_CASE("what is found of this machine is what it says itself", "[handoff]") {
    utsname system{};
    REQUIRE(::uname(&system) == 0);
    int major = 0, minor = 0;
    REQUIRE(std::sscanf(system.release, "%d.%d", &major, &minor) == 2);
    const bool is_new = major > 5 || (major == 5 && minor >= 16);
    CHECK(detail::kernel_dumps_one_process() == is_new);

    const bool has_second_stack = text_of("/proc/self/status").find("shstk") != std::string::npos;
    CHECK(detail::has_shadow_stack() == has_second_stack);

    int* id = nullptr; // not every kernel interface tells it (qemu-user)
    const bool tells = ::prctl(PR_GET_TID_ADDRESS, &id) == 0 && id != nullptr;
    ThreadRegistration identity;
    CHECK(identity.look() == tells);
    const bool is_plain =
        !detail::is_instrumented() && !detail::is_under_valgrind() && !has_second_stack;
    CHECK(detail::may_hand_over(identity) == (is_plain && tells && is_new));
    CHECK(detail::knows_who_uses_memory() ==
          (is_plain && !RestartableSequences::are_of_others() && detail::texts_are_constant()));
}

TEST_CASE("what the kernel keeps of a thread is taken away and put back", "[handoff]") {
    if (cannot_hand_over())
        return;
    CHECK(holds(nothing, [] {
        static char room[64 << 10];
        stack_t stack{};
        stack.ss_sp = room;
        stack.ss_size = sizeof room;
        must(::sigaltstack(&stack, nullptr) == 0, "sigaltstack");
        const Registered before = registered();
        ThreadRegistration identity;
        if (!identity.look() || identity.id() != before.id || !identity.unregister())
            return false;
        const Registered without = registered();
        if (without.robust_list != nullptr || without.id != &detail::launcher_is_there ||
            detail::launcher_is_there != 1 || RestartableSequences::unregister())
            return false; // it is no longer there
        stack.ss_flags = SS_DISABLE;
        must(::sigaltstack(&stack, nullptr) == 0, "sigaltstack");
        if (identity.register_again() != 0)
            return false;
        const Registered after = registered();
        return after.robust_list == before.robust_list && after.size == before.size &&
               after.stack.ss_sp == room && RestartableSequences::unregister();
    }));
    CHECK(holds(nothing, [] { // without a stack for signals none is set
        stack_t none{};
        none.ss_flags = SS_DISABLE;
        must(::sigaltstack(&none, nullptr) == 0, "sigaltstack");
        ThreadRegistration identity;
        static_cast<void>(identity.look() && identity.unregister());
        return identity.register_again() == 0 && (registered().stack.ss_flags & SS_DISABLE) != 0;
    }));
}

TEST_CASE("a thread of whom the kernel does not tell all keeps its memory", "[handoff]") {
    if (cannot_hand_over() || cannot_filter())
        return;
    for (const long call : {SYS_get_robust_list, SYS_sigaltstack, SYS_gettid}) {
        CAPTURE(call);
        CHECK(holds([=] { deny(call, EPERM); },
                    [] {
                        ThreadRegistration identity;
                        return !identity.look() && !detail::may_hand_over(identity);
                    }));
    }
    CHECK(holds([] { deny_where(SYS_prctl, 0, 0xff, EINVAL); },
                [] {
                    ThreadRegistration identity;
                    return !identity.look();
                }));
}

TEST_CASE("a registration that cannot be taken away is as before", "[handoff]") {
    if (cannot_hand_over() || cannot_filter())
        return;
    const auto is_as_before = [] {
        const Registered before = registered();
        ThreadRegistration identity;
        if (!identity.look() || identity.unregister())
            return false;
        const Registered after = registered();
        return after.robust_list == before.robust_list && after.id == before.id &&
               detail::launcher_is_there == 0;
    };
    CHECK(holds([] { deny(SYS_set_tid_address, EPERM); },
                [&] { return is_as_before() && RestartableSequences::unregister(); }));
    CHECK(holds([] { deny(SYS_set_robust_list, EPERM); },
                [&] { return is_as_before() && RestartableSequences::unregister(); }));
    CHECK(holds([] { deny(SYS_rseq, EPERM); }, is_as_before));
}

TEST_CASE("a registration that cannot be put back is an error", "[handoff]") {
    if (cannot_hand_over() || cannot_filter())
        return;
    const auto error_with = [](auto deny_it) {
        return [=] {
            static char room[64 << 10];
            stack_t stack{};
            stack.ss_sp = room;
            stack.ss_size = sizeof room;
            must(::sigaltstack(&stack, nullptr) == 0, "sigaltstack");
            ThreadRegistration identity;
            if (!identity.look() || !identity.unregister())
                return false;
            deny_it();
            return identity.register_again() == -EPERM;
        };
    };
    CHECK(holds(nothing, error_with([] { deny(SYS_sigaltstack, EPERM); })));
    CHECK(holds(nothing, error_with([] { deny(SYS_set_robust_list, EPERM); })));
}

TEST_CASE("before Linux 5.16 no memory is handed over", "[handoff]") {
    if (cannot_hand_over())
        return;
    CHECK(holds([] { must(::personality(UNAME26) >= 0, "personality"); }, // which says 2.6
                [] {
                    ThreadRegistration identity;
                    return !detail::kernel_dumps_one_process() && !detail::may_hand_over(identity);
                }));
}

TEST_CASE("restartable sequences that libc has registered are nobody else's", "[handoff]") {
#if defined(RSEQ_SIG)
    CHECK_FALSE(RestartableSequences::are_of_others());
#endif
}

TEST_CASE("without libc's restartable sequences others may have some", "[.][without rseq]") {
    alignas(32) static char area[32];
    CHECK_FALSE(RestartableSequences::are_of_others());
    CHECK(RestartableSequences::unregister());
    RestartableSequences::register_again();
    CHECK_FALSE(RestartableSequences::are_of_others()); // nor has the question left one
    constexpr long signature = 0x53053053;
    if (::syscall(SYS_rseq, area, sizeof area, 0, signature) == 0) {
        CHECK(RestartableSequences::are_of_others());
        CHECK_FALSE(RestartableSequences::unregister());
    }
}

TEST_CASE("the same in a program whose libc has registered none", "[handoff]") {
    if (detail::is_under_valgrind()) {
        WARN("skipped: valgrind lets no program execute itself");
        return;
    }
    const bool has_kernel_any = GENERATE(true, false); // before Linux 4.18 it has not
    if (!has_kernel_any && cannot_filter())
        return;
    Scene scene;
    const auto outcome = scene.run([&] {
        if (!has_kernel_any)
            deny(SYS_rseq, ENOSYS);
        ::setenv("GLIBC_TUNABLES", "glibc.pthread.rseq=0", 1);
        ::execl("/proc/self/exe", "test", "[without rseq]", nullptr);
        return 97;
    });
    CHECK(outcome.status == 0);
}

TEST_CASE("a hand-off that cannot be made is a fork, or is said", "[handoff]") {
    if (cannot_hand_over() || cannot_filter())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto start = [&](auto deny_it) {
        return scene.run([&] {
            deny_it();
            return Daemonizer{HandoffFork{}, PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
                tell(std::string{"handed over "} + (daemon.handed_over() ? "yes" : "no"));
                return serve(daemon);
            });
        });
    };
    const auto forks = [&](auto deny_it) {
        const auto outcome = start(deny_it);
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "");
        CHECK(scene.fact("handed over") == "no");
        CHECK(scene.dismiss(scene.pid()) == 0);
    };
    const auto is_said = [&](auto deny_it, const std::string& reason) {
        const auto outcome = start(deny_it);
        CHECK(outcome.status == 1);
        CHECK(outcome.err == line(reason));
        CHECK(scene.heard() == "");
        CHECK(scene.names() == "");
        CHECK(scene.strays() == "");
    };
    SECTION("the stacks cannot be protected") {
        forks([] { deny_where(SYS_mprotect, 2, PROT_READ, EPERM); });
    }
    SECTION("the thread's id stays registered") {
        forks([] { deny(SYS_set_tid_address, EPERM); });
    }
    SECTION("there is no first process") {
        is_said([] { deny_where(SYS_clone, 0, CLONE_VM, EAGAIN); },
                "fork: the launcher's: Resource temporarily unavailable");
    }
    SECTION("there is no second one") {
        is_said([] { deny_where(SYS_clone, 0, CLONE_PARENT, EAGAIN); },
                "fork: the intermediate's: Resource temporarily unavailable");
    }
    SECTION("two forks would end a new pid namespace") {
        const auto leave = [] { must(::unshare(CLONE_NEWPID) == 0, "unshare"); };
        if (cannot("a pid namespace", leave))
            return;
        is_said(leave, "fork: new pid namespace: two forks would end its first process, and with "
                       "it the daemon; use SingleFork");
    }
    SECTION("there is no session") {
        is_said([] { deny(SYS_setsid, EPERM); }, "setsid: new session: Operation not permitted");
    }
    SECTION("the daemon's thread cannot be registered") {
        is_said(
            [] {
                static char room[64 << 10];
                stack_t stack{};
                stack.ss_sp = room;
                stack.ss_size = sizeof room;
                must(::sigaltstack(&stack, nullptr) == 0, "sigaltstack");
                deny_where(SYS_sigaltstack, 0, ~0U, EPERM);
            },
            "fork: thread of the daemon: Operation not permitted");
    }
}

TEST_CASE("a daemon that keeps its signals has the starter's mask, handed over or not",
          "[handoff]") {
    Scene scene;
    const auto outcome = scene.run([] {
        sigset_t blocked;
        sigemptyset(&blocked);
        sigaddset(&blocked, SIGUSR1);
        ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
        return Daemonizer<HandoffFork, KeepSignals, Wires>{}.run([](auto& daemon) {
            sigset_t now;
            ::sigprocmask(SIG_SETMASK, nullptr, &now);
            tell(std::string{"mask "} + (sigismember(&now, SIGUSR1) == 1 ? "USR1 " : "") +
                 (sigismember(&now, SIGTERM) == 1 ? "TERM" : ""));
            return serve(daemon);
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("mask") == "USR1 ");
    CHECK(scene.dismiss(scene.pid()) == 0);
}
#endif
