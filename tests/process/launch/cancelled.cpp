// SPDX-License-Identifier: BSL-1.0
// A start that is cancelled, or fails, leaves nothing: whatever its processes are doing, and
// whoever they have forked.
#include "launch.hpp"

#include <csignal>
#include <sched.h>
#include <sys/file.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// Sleeps whatever comes.
[[noreturn]] void hang() {
    for (;;)
        ::pause();
}

struct raising : own_slot {
    static constexpr const char* name = "raising";
};
/// A step in the launcher's check phase that signals its own process.
struct Raise {
    using slot = raising;
    struct Step : step<phase::check> {
        static constexpr const char* name = "raise";
        static auto run(const auto&, const Raise& policy) -> bool {
            ::raise(policy.signal);
            return true;
        }
    };
    using steps = step_list<Step>;
    int signal;
};

void note(int) { tell("handled"); }

auto is_ignored(int signal) -> bool {
    struct sigaction now {};
    ::sigaction(signal, nullptr, &now);
    return now.sa_handler == SIG_IGN;
}

auto has_zombies() -> bool {
    siginfo_t dead{};
    return ::waitid(P_ALL, 0, &dead, WEXITED | WNOHANG | WNOWAIT) == 0 && dead.si_pid != 0;
}

} // namespace

TEMPLATE_TEST_CASE("Ctrl-C ends a daemon that hangs, deaf to TERM, and its workers", "[cancelled]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{TestType{}, PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}}.run(
            [](auto&) -> int {
                if (::fork() == 0) {
                    ::setsid();
                    if (::fork() == 0)
                        tell_pid("orphan");
                    hang();
                }
                hang();
            });
    });
    scene.fact("orphan");
    ::kill(launcher, SIGINT);
    CHECK(scene.end_of(launcher) == -SIGINT);
    CHECK(scene.err() == "");
    CHECK(scene.strays() == "");
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a failed start takes its helpers along, of whatever session", "[cancelled]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool deaf = GENERATE(false, true);
    const auto outcome = scene.run(
        [&] {
            return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run([=](auto& daemon) {
                for (const bool leads : {false, true})
                    if (::fork() == 0) {
                        if (leads)
                            ::setsid();
                        if (deaf)
                            ::signal(SIGTERM, SIG_IGN);
                        tell_pid("helper");
                        hang();
                    }
                await_gate();
                return daemon.fail(3, "no configuration");
            });
        },
        [&] {
            scene.fact("helper");
            scene.fact("helper");
            scene.let_go();
        });
    check_refused(scene, outcome, 3, "daemon: not ready: no configuration");
    CHECK(scene.names() == "");
}

TEST_CASE("a daemon that has said why it fails may take its time to leave", "[cancelled]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            daemon.fail(3, "no configuration");
            ::usleep(300'000);
            tell("done");
            return 3;
        });
    });
    CHECK(outcome.status == 3);
    CHECK(scene.heard() == "done\n");
}

TEST_CASE("children that the program had before the start are spared", "[cancelled]") {
    Scene scene;
    const auto outcome = scene.run(
        [&] {
            const pid_t before = ::fork();
            if (before == 0) {
                await_gate();
                ::_exit(5);
            }
            auto result = Daemonizer<StartTimeout<1>, Wires>{}.start();
            if (!result)
                tell("status " + std::to_string(result.error().exit_status()));
            else
                hang();
            tell("child");
            int status = 0;
            ::waitpid(before, &status, 0);
            return code_of(status);
        },
        [&] {
            CHECK(scene.fact("status") == "124");
            scene.fact("child");
            scene.let_go();
        });
    CHECK(outcome.status == 5);
}

TEST_CASE("a signal in the check phase leaves no pid file", "[cancelled]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP);
    const auto outcome = scene.run([&] {
        return Daemonizer{PidFile{path.c_str()}, Raise{signal}, Wires{}}.run([](auto& daemon) {
            daemon.ready();
            tell("ready");
            return 0;
        });
    });
    CHECK(outcome.status == -signal);
    CHECK(outcome.err == "");
    CHECK(scene.heard() == "");
    CHECK(scene.strays() == "");
    CHECK(scene.names() == "");
}

TEST_CASE("Ctrl-C ends a start that waits for another's number", "[cancelled]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int holder = ::open(path.c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0644);
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_len = 1;
    REQUIRE(::fcntl(holder, F_OFD_SETLK, &range) == 0);
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run([] {});
    });
    await_sleep(scene, launcher);
    ::kill(launcher, SIGINT);
    CHECK(scene.end_of(launcher) == -SIGINT); // after ten seconds it would be 1, with a line
    CHECK(scene.err() == "");
    CHECK(scene.names() == "x.pid");
    ::close(holder);
}

TEST_CASE("Ctrl-Z does not stop a start", "[cancelled]") {
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGTSTP);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("a signal that the starter had blocked or ignored cancels nothing", "[cancelled]") {
    Scene scene;
    const bool ignored = GENERATE(true, false);
    const pid_t launcher = scene.begin([&] {
        sigset_t term;
        sigemptyset(&term);
        sigaddset(&term, SIGTERM);
        if (ignored)
            ::signal(SIGTERM, SIG_IGN);
        else
            ::sigprocmask(SIG_BLOCK, &term, nullptr);
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGTERM);
    CHECK(scene.still_runs(launcher));
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("a daemon whose launcher is stopped can be asked to end", "[cancelled]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{TestType{}, PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}}.run(
            [](auto& daemon) {
                tell_pid();
                await_gate();
                daemon.ready();
                tell("served");
                return 0;
            });
    });
    const pid_t daemon = scene.pid();
    stop(scene, launcher);
    scene.let_go();
    ::kill(daemon, SIGTERM);
    REQUIRE(scene.until([&] { return !scene.still_runs(daemon); }));
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
    ::kill(launcher, SIGCONT);
    CHECK(scene.end_of(launcher) == 1);
}

TEMPLATE_TEST_CASE("a daemon that was ready in time is not ended because its launcher was late",
                   "[cancelled]", SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        return Daemonizer<TestType, StartTimeout<1>, Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            await_gate();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    stop(scene, launcher);
    scene.let_go();
    ::usleep(1'200'000); // more than is allowed
    ::kill(launcher, SIGCONT);
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.err() == "");
    CHECK(scene.dismiss(daemon) == 0);
}

TEMPLATE_TEST_CASE("a signal while start() waits", "[cancelled]", SingleFork, DoubleFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool handles = GENERATE(true, false);
    const pid_t launcher = scene.begin([&] {
        if (handles)
            ::signal(SIGINT, note);
        auto result = Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.start();
        if (!result) {
            tell("error " + std::string{result.error().step()} + ": " + result.error().text());
            return result.error().code() == EINTR ? result.error().exit_status() : 99;
        }
        tell_pid();
        hang();
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGINT);
    CHECK(scene.end_of(launcher) == (handles ? 128 + SIGINT : -SIGINT));
    CHECK(scene.heard() ==
          (handles ? "handled\nerror launcher: start: cancelled by Interrupt\n" : ""));
    CHECK_FALSE(scene.still_runs(daemon));
    CHECK(scene.strays() == "");
    CHECK(scene.names() == "");
}

TEST_CASE("start() leaves no zombies where SIGCHLD is ignored", "[cancelled]") {
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        ::signal(SIGCHLD, SIG_IGN);
        if (::fork() == 0) { // dies while the start waits, and so does an orphan of its
            if (::fork() == 0)
                await_gate();
            else
                await_gate();
            tell("died");
            ::_exit(0);
        }
        auto result = Daemonizer<Wires>{}.start();
        if (!result)
            return 1;
        if (result->is_launcher()) {
            tell(is_ignored(SIGCHLD) ? "ignored" : "not ignored");
            return has_zombies() ? 2 : 0;
        }
        tell_pid();
        await_gate();
        result->ready();
        await_gate();
        return 0;
    });
    const pid_t daemon = scene.pid();
    for (int i = 0; i != 4; ++i)
        scene.let_go(); // whoever takes them
    CHECK(scene.end_of(launcher) == 0);
    scene.fact("ignored");
    // Who has ignored SIGCHLD as its parent leaves no zombie of it either.
    CHECK(scene.until([&] { return !scene.still_runs(daemon); }));
}

TEST_CASE("after StartTimeout start() has buried all", "[cancelled]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        auto result = Daemonizer<StartTimeout<1>, Wires>{}.start();
        siginfo_t any;
        if (!result)
            return ::waitid(P_ALL, 0, &any, WEXITED | WNOHANG) < 0 && errno == ECHILD
                       ? result.error().exit_status()
                       : 1;
        ::fork();
        hang();
    });
    CHECK(outcome.status == 124);
    CHECK(scene.strays() == "");
}

TEST_CASE("a body that executes another program before ready is no start", "[cancelled]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        return Daemonizer<HandoffFork, KeepDescriptors>{}.run([](auto&) -> int {
            ::execl("/bin/sleep", "sleep", "60", nullptr);
            ::_exit(9);
        });
    });
    CHECK(outcome.status != 0);
    CHECK(scene.strays() == "");
}

TEST_CASE("a daemon that keeps its descriptors learns that its launcher is gone", "[cancelled]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{HandoffFork{}, PidFile{path.c_str()}, KeepDescriptors{}}.run(
            [](auto& daemon) {
                tell_pid();
                await_gate();
                daemon.ready();
                tell("served");
                return 0;
            });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGKILL);
    CHECK(scene.end_of(launcher) == -SIGKILL);
    CHECK(scene.dismiss(daemon) == 1);
    CHECK(scene.names() == "");
    CHECK(scene.heard() == "");
}

TEMPLATE_TEST_CASE("two forks into a new pid namespace are refused in words", "[cancelled]",
                   DoubleFork, HandoffFork) {
    Scene scene;
    const auto outcome = scene.run([&] {
        if (::unshare(CLONE_NEWPID) != 0)
            return 77;
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            return 0;
        });
    });
    if (outcome.status == 77) {
        WARN("skipped: unshare(CLONE_NEWPID) is not permitted");
        return;
    }
    check_refused(scene, outcome, 1,
                  "fork: new pid namespace: two forks would end its first process, and with it "
                  "the daemon; use SingleFork");
}

TEST_CASE("one fork into a new pid namespace is process 1 there, and known here", "[cancelled]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        if (::unshare(CLONE_NEWPID) != 0)
            return 77;
        auto result = Daemonizer<SingleFork, Wires>{}.start();
        if (!result)
            return 1;
        if (result->is_launcher()) {
            tell("daemon " + std::to_string(result->pid()));
            return 0;
        }
        tell("own " + std::to_string(result->pid()));
        result->ready();
        await_gate();
        return 0;
    });
    if (outcome.status == 77) {
        WARN("skipped: unshare(CLONE_NEWPID) is not permitted");
        return;
    }
    CHECK(outcome.status == 0);
    CHECK(scene.fact("own") == "1");
    CHECK(scene.dismiss(scene.pid("daemon")) == 0);
}
