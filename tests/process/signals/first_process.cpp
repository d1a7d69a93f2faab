// SPDX-License-Identifier: BSL-1.0
// A daemon that is PID 1, as in a container: the kernel discards there what ends other processes.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// Whom `start` forks, by NoFork itself or by its launcher, is the first of a new namespace.
void take_pid_namespace() { must(::unshare(CLONE_NEWPID) == 0, "unshare"); }

auto cannot_be_first() -> bool {
    return cannot("a PID namespace", [] { take_pid_namespace(); });
}

/// This process's number outside of its namespace: that /proc belongs there.
void tell_outer_pid(const char* who = "pid") {
    char name[16]{};
    must(::readlink("/proc/self", name, sizeof name - 1) > 0, "/proc/self");
    tell(std::string{who} + ' ' + name);
}

constexpr auto serve_for_ever = [](auto& daemon) {
    must(::getpid() == 1, "PID 1");
    tell_outer_pid();
    daemon.ready();
    for (;;)
        ::pause();
    return 0;
};

/// Starts it in the first process of a new namespace, which becomes the test's child.
template <class Composition, class Body>
auto begin_first(Scene& scene, const Composition& composition, Body body) -> pid_t {
    const auto outcome = scene.run([&] {
        take_pid_namespace();
        const pid_t first = ::fork();
        if (first == 0)
            ::_exit(composition.run(body));
        return first > 0 ? 0 : 1;
    });
    REQUIRE(outcome.status == 0);
    return scene.pid();
}

using Default = DefaultSignals;
using Keep = KeepSignals;
using Fd = SignalFd<SIGUSR1>;
using Flag = SignalFlag<SIGUSR1>;

} // namespace

TEMPLATE_TEST_CASE("what asks for the end ends PID 1, and its pid file", "[first]", Default, Keep,
                   Fd, Flag) {
    if (cannot_be_first())
        return;
    const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
    Scene scene;
    const std::string path = scene.path("x.pid");
    pid_t first = 0;
    if constexpr (!TestType::keeps) {
        SECTION("without a fork") {
            first = begin_first(scene, Daemonizer<NoFork, TestType, Wires>{}, serve_for_ever);
        }
    }
    SECTION("without a fork, with a pid file") {
        first = begin_first(scene, Daemonizer{NoFork{}, TestType{}, PidFile{path.c_str()}, Wires{}},
                            serve_for_ever);
        CHECK(text_of(path) == "1\n");
    }
    SECTION("with a fork into the namespace") {
        const auto outcome = scene.run([&] {
            take_pid_namespace();
            return Daemonizer{SingleFork{}, TestType{}, PidFile{path.c_str()}, Wires{}}.run(
                serve_for_ever);
        });
        CHECK(outcome.status == 0);
        first = scene.pid();
        CHECK(text_of(path) == "1\n");
    }
    ::kill(first, signal);
    CHECK(scene.end_of(first) == 128 + signal);
    CHECK(scene.names() == "");
    CHECK(scene.err() == "");
}

TEST_CASE("as PID 1 the launcher of a start says by what signal it has ended", "[first]") {
    if (cannot_be_first())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        take_pid_namespace();
        return Daemonizer{SingleFork{}, PidFile{path.c_str()}, Wires{}}.run([](auto&) {
            ::raise(SIGTERM);
            tell("survived");
            return 0;
        });
    });
    check_refused(scene, outcome, 128 + SIGTERM,
                  "daemon: ended before it was ready: exit status 143");
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
}

TEST_CASE("as PID 1 what is ignored, collected or handled does not end it", "[first]") {
    if (cannot_be_first())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    SECTION("ignored") {
        const pid_t first =
            begin_first(scene, Daemonizer<NoFork, IgnoreSignals<SIGHUP>, Wires>{}, serve_for_ever);
        ::kill(first, SIGHUP);
        ::kill(first, SIGTERM);
        CHECK(scene.end_of(first) == 128 + SIGTERM);
    }
    SECTION("ignored by the starter, and kept") {
        const auto outcome = scene.run([&] {
            take_pid_namespace();
            ::signal(SIGHUP, SIG_IGN);
            return ::fork() == 0
                       ? Daemonizer{NoFork{}, KeepSignals{}, PidFile{path.c_str()}, Wires{}}.run(
                             serve_for_ever)
                       : 0;
        });
        CHECK(outcome.status == 0);
        const pid_t first = scene.pid();
        ::kill(first, SIGHUP);
        ::kill(first, SIGTERM);
        CHECK(scene.end_of(first) == 128 + SIGTERM);
    }
    SECTION("not collected, with dispositions kept") {
        const pid_t first =
            begin_first(scene, Daemonizer<NoFork, KeepSignals, Wires>{}, serve_for_ever);
        ::kill(first, SIGTERM);
        CHECK(scene.end_of(first) == 128 + SIGTERM);
    }
    SECTION("collected") {
        const pid_t first = begin_first(
            scene, Daemonizer<NoFork, SignalFd<SIGTERM, SIGHUP>, Wires>{}, [](auto& daemon) {
                tell_outer_pid();
                daemon.ready();
                return daemon.wait();
            });
        ::kill(first, SIGTERM);
        CHECK(scene.end_of(first) == SIGTERM);
    }
    SECTION("with a handler of the program's own") {
        const pid_t first = begin_first(scene, Daemonizer<NoFork, Wires>{}, [](auto& daemon) {
            ::signal(SIGTERM, [](int) { ::_exit(7); });
            return serve_for_ever(daemon);
        });
        ::kill(first, SIGTERM);
        CHECK(scene.end_of(first) == 7);
    }
}

TEST_CASE("as PID 1 a worker ends of the signal itself, and leaves the pid file", "[first]") {
    if (cannot_be_first())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t first =
        begin_first(scene, Daemonizer{NoFork{}, PidFile{path.c_str()}, Wires{}}, [](auto& daemon) {
            daemon.ready();
            const pid_t worker = ::fork();
            if (worker == 0)
                for (;;)
                    ::pause();
            ::kill(worker, SIGTERM);
            int status = 0;
            ::waitpid(worker, &status, 0);
            tell("worker " + std::to_string(code_of(status)));
            return serve_for_ever(daemon);
        });
    CHECK(scene.number("worker") == -SIGTERM);
    CHECK(text_of(path) == "1\n");
    ::kill(first, SIGTERM);
    CHECK(scene.end_of(first) == 128 + SIGTERM);
    CHECK(scene.names() == "");
}

TEST_CASE("as PID 1 orphans are buried where SIGCHLD is ignored, and can be where it is collected",
          "[first]") {
    if (cannot_be_first())
        return;
    // Makes an orphan that ends, and tells how many dead there are for wait to take.
    constexpr auto adopt = []([[maybe_unused]] auto& daemon, auto collected) {
        int ended[2];
        must(::pipe2(ended, O_CLOEXEC) == 0, "pipe");
        if (::fork() == 0) {
            if (::fork() != 0)
                ::_exit(0); // its child becomes that of PID 1
            while (::getppid() != 1)
                ::usleep(1000);
            ::_exit(3);
        }
        ::close(ended[1]);
        char byte;
        must(::read(ended[0], &byte, 1) == 0, "both have ended"); // each had the other end
        [[maybe_unused]] int buried = 0;
        if constexpr (collected)
            while (buried != 2) {
                if (daemon.wait() != SIGCHLD)
                    return 1;
                while (::waitpid(-1, nullptr, WNOHANG) > 0)
                    ++buried;
            }
        tell("left " + std::to_string(::waitpid(-1, nullptr, 0) < 0 ? errno : 0));
        return 7;
    };
    Scene scene;
    SECTION("ignored") {
        const pid_t first = begin_first(scene, Daemonizer<NoFork, IgnoreSignals<SIGCHLD>, Wires>{},
                                        [&](auto& daemon) {
                                            tell_outer_pid();
                                            daemon.ready();
                                            return adopt(daemon, std::false_type{});
                                        });
        CHECK(scene.number("left") == ECHILD);
        CHECK(scene.end_of(first) == 7); // the body's status is the container's
    }
    SECTION("collected") {
        const pid_t first =
            begin_first(scene, Daemonizer<NoFork, SignalFd<SIGCHLD>, Wires>{}, [&](auto& daemon) {
                tell_outer_pid();
                daemon.ready();
                return adopt(daemon, std::true_type{});
            });
        CHECK(scene.number("left") == ECHILD);
        CHECK(scene.end_of(first) == 7);
    }
}

TEMPLATE_TEST_CASE("as PID 1 a launcher that would leave starts nobody", "[first]", SingleFork,
                   DoubleFork, HandoffFork) {
    if (cannot_be_first())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        take_pid_namespace();
        const pid_t first = ::fork();
        if (first == 0)
            ::_exit(Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run(serve));
        int status = 0;
        ::waitpid(first, &status, 0);
        return code_of(status);
    });
    CHECK(outcome.status == 1);
    CHECK(outcome.err ==
          line("fork: process 1: its exit would end the daemon, too; compose AutoFork or NoFork"));
    CHECK(scene.names() == "");
    CHECK(scene.heard() == "");
}

TEST_CASE("as PID 1 a launcher that goes on has a daemon", "[first]") {
    if (cannot_be_first())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        take_pid_namespace();
        const pid_t first = ::fork();
        if (first == 0) {
            auto running = Daemonizer{PidFile{path.c_str()}, Wires{}}.start();
            if (running && running->is_launcher())
                for (;;)
                    ::pause();
            if (running) {
                tell_outer_pid();
                running->ready();
                ::pause();
            }
            ::_exit(1);
        }
        tell("first " + std::to_string(first));
        return 0;
    });
    CHECK(outcome.status == 0);
    const pid_t first = scene.pid("first");
    scene.pid();
    CHECK(text_of(path) != "");
    ::kill(first, SIGKILL);
    CHECK(scene.end_of(first) == -SIGKILL);
}
