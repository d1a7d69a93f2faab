// SPDX-License-Identifier: BSL-1.0
// The launcher says 0 once the daemon serves, and how it ended where it does not.
#include "kernel.hpp"

#include <pthread.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// How a start ends whose body is `body`. Nothing of it may be left, whatever it is.
template <class Fork, class Body>
auto outcome_of_body(Scene& scene, Body body) -> Outcome {
    const std::string path = scene.path("x.pid");
    const Outcome outcome = scene.run([&] {
        return Daemonizer{Fork{}, PidFile{path.c_str()}, Wires{}}.run(body);
    });
    CHECK(scene.names() == "");
    return outcome;
}

/// An intermediate that is slow: whatever the daemon says is there before its own message.
struct SlowIntermediate : PosixHost {
    static auto fork() -> pid_t {
        const pid_t child = PosixHost::fork();
        const bool intermediate = child > 0 && ::getsid(0) == ::getpid();
        if (intermediate)
            await_gate();
        return child;
    }
};

/// The status of `start` in a process whose one thread has nothing of this test on its stack: the
/// end of that thread unwinds it all.
template <class Start>
auto on_own_stack(Start start) -> int {
    struct Run {
        Start& start;
        int status;

        static auto fork_and_wait(void* argument) -> void* {
            auto& run = *static_cast<Run*>(argument);
            const pid_t child = ::fork();
            if (child == 0)
                ::_exit(run.start());
            ::waitpid(child, &run.status, 0);
            return nullptr;
        }
    } run{start, -1};
    pthread_t thread;
    must(::pthread_create(&thread, nullptr, Run::fork_and_wait, &run) == 0, "thread");
    ::pthread_join(thread, nullptr);
    return code_of(run.status);
}

/// A step that does not return: its thread is over.
template <phase At>
struct EndsThread {
    struct slot : own_slot {
        static constexpr const char* name = "thread";
    };
    struct End : step<At> {
        static constexpr const char* name = "thread";
        static auto run(const auto&, const EndsThread&) -> bool { ::pthread_exit(nullptr); }
    };
    using steps = step_list<End>;
};

} // namespace

TEMPLATE_TEST_CASE(
    "the launcher leaves with 0 only after ready, and the pid file is written by then", "[ready]",
    SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            return serve(daemon);
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.still_runs(launcher));
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    CHECK(scene.err() == "");
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a body without a parameter is ready when it is entered", "[ready]", SingleFork,
                   DoubleFork, HandoffFork) {
    Scene scene;
    const Outcome outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([] {
            tell_pid();
            await_gate();
            return 5;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.dismiss(scene.pid()) == 5);
}

TEST_CASE("a body that returns nothing ends the daemon with 0", "[ready]") {
    Scene scene;
    CHECK(scene.run([] { return Daemonizer<Wires>{}.run([] { tell_pid(); }); }).status == 0);
    CHECK(scene.end_of(scene.pid()) == 0);
}

TEMPLATE_TEST_CASE("a daemon that dies before ready", "[ready]", SingleFork, DoubleFork,
                   HandoffFork) {
    Scene scene;
    SECTION("by exit(7)") {
        check_refused(scene, outcome_of_body<TestType>(scene, [](auto&) -> int { std::exit(7); }),
                      7, "daemon: ended before it was ready: exit status 7");
    }
    SECTION("by exit(0), which is no success") {
        check_refused(scene, outcome_of_body<TestType>(scene, [](auto&) -> int { std::exit(0); }),
                      1, "daemon: ended before it was ready: exit status 0");
    }
    SECTION("by _exit(7): the launcher takes the pid file away") {
        check_refused(scene, outcome_of_body<TestType>(scene, [](auto&) -> int { ::_exit(7); }), 7,
                      "daemon: ended before it was ready: exit status 7");
    }
    SECTION("by SIGSEGV") {
        const auto body = [](auto&) { return ::raise(SIGSEGV); };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 128 + SIGSEGV,
                      "daemon: killed before it was ready: Segmentation fault, signal 11");
    }
    SECTION("by SIGKILL") {
        const auto body = [](auto&) { return ::raise(SIGKILL); };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 128 + SIGKILL,
                      "daemon: killed before it was ready: Killed, signal 9");
    }
    SECTION("by SIGTERM, which also removes the pid file") {
        const auto body = [](auto&) { return ::raise(SIGTERM); };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 128 + SIGTERM,
                      "daemon: killed before it was ready: Terminated, signal 15");
    }
}

TEMPLATE_TEST_CASE("a body that ends before ready", "[ready]", SingleFork, DoubleFork,
                   HandoffFork) {
    Scene scene;
    SECTION("with status 3") {
        check_refused(scene, outcome_of_body<TestType>(scene, [](auto&) { return 3; }), 3,
                      "daemon: ended before it was ready: status 3");
    }
    SECTION("with status 0, which is no success") {
        check_refused(scene, outcome_of_body<TestType>(scene, [](auto&) { return 0; }), 1,
                      "daemon: ended before it was ready: status 0");
    }
    SECTION("with status 256, of which 0 would remain") {
        check_refused(scene, outcome_of_body<TestType>(scene, [](auto&) { return 256; }), 1,
                      "daemon: ended before it was ready: status 256");
    }
    SECTION("by fail(3, ...)") {
        const auto body = [](auto& daemon) { return daemon.fail(3, "no configuration"); };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 3,
                      "daemon: not ready: no configuration");
    }
    SECTION("by fail(0, ...), which is no success") {
        const auto body = [](auto& daemon) { return daemon.fail(0, "no configuration"); };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 1,
                      "daemon: not ready: no configuration");
    }
    SECTION("by an exception") {
        const auto body = [](auto&) -> int { throw std::runtime_error{"no\nconfiguration"}; };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 1,
                      "daemon: not ready: no?configuration");
    }
    SECTION("by an exception that is none of std") {
        const auto body = [](auto&) -> int { throw 7; };
        check_refused(scene, outcome_of_body<TestType>(scene, body), 1,
                      "daemon: not ready: an exception of unknown type");
    }
}

TEST_CASE("an exception after ready is the program's own, and the pid file is gone", "[ready]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Outcome outcome = scene.run([&] {
        try {
            return Daemonizer{PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) -> int {
                daemon.ready();
                throw std::runtime_error{"after ready"};
            });
        } catch (const std::runtime_error& error) {
            tell_pid();
            tell(std::string{"caught "} + error.what());
            return 9;
        }
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("caught") == "after ready");
    CHECK(scene.end_of(scene.pid()) == 9);
    CHECK(scene.names() == "");
}

TEST_CASE("an exception after ready that nobody catches leaves no pid file", "[ready]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Outcome outcome = scene.run([&]() noexcept {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) -> int {
            const rlimit no_core{};
            ::setrlimit(RLIMIT_CORE, &no_core);
            tell_pid();
            daemon.ready();
            throw std::runtime_error{"after ready"};
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.end_of(scene.pid()) == -SIGABRT);
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a body whose thread ends", "[ready]", NoFork, DoubleFork, HandoffFork) {
#if defined(__SANITIZE_ADDRESS__)
    WARN("skipped: a thread that ends on a stack of its own ends AddressSanitizer, too");
    return;
#else
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("x.log");
    const bool cancelled = GENERATE(false, true);
    const auto end_thread = [=] {
        if (cancelled)
            ::pthread_cancel(::pthread_self());
        ::pthread_testcancel();
        ::pthread_exit(nullptr);
    };
    SECTION("after ready gives back, and the others go on") {
        const auto outcome = scene.run([&] {
            const auto end = [&](auto& daemon) {
                pthread_t thread;
                const auto go_on = [](void*) -> void* {
                    await_gate();
                    ::_exit(7);
                };
                must(::pthread_create(&thread, nullptr, go_on, nullptr) == 0, "thread");
                tell_pid();
                daemon.ready();
                end_thread();
            };
            const auto start = [&] {
                return Daemonizer{TestType{}, PidFile{path.c_str()}, LogStdio{log.c_str()}, Wires{}}
                    .run(end);
            };
            if (!TestType::detaches && ::fork() != 0)
                return 0; // or nobody would end before the daemon
            tell_pid("starter");
            return on_own_stack(start);
        });
        CHECK(outcome.status == 0);
        const pid_t daemon = scene.pid();
        CHECK(scene.until([&] { return !exists(path); }));
        const pid_t starter = scene.pid("starter");
        CHECK(scene.dismiss(TestType::detaches ? daemon : starter) == 7);
        CHECK(text_of(log) == "");
    }
    SECTION("before it is no start") {
        const auto outcome = scene.run([&] {
            return on_own_stack([&] {
                return Daemonizer{TestType{}, PidFile{path.c_str()}, LogStdio{log.c_str()}, Wires{}}
                    .run([&](auto&) { end_thread(); });
            });
        });
        // Without a launcher the program has ended with its last thread.
        const int status = TestType::detaches ? 1 : 0;
        check_refused(scene, outcome, status, "daemon: not ready: the body's thread has ended");
        CHECK(scene.names() == "x.log");
    }
#endif
}

TEMPLATE_TEST_CASE_SIG("a step whose thread ends has failed", "[ready]", ((phase At), At),
                       phase::check, phase::session) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        return on_own_stack([&] {
            return Daemonizer{EndsThread<At>{}, PidFile{path.c_str()}, Wires{}}.run(serve);
        });
    });
    check_refused(scene, outcome, 1,
                  At == phase::check ? "thread: thread: has ended in this step"
                                     : "daemon: ended before it was ready: exit status 1");
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
}

TEST_CASE("a worker's ready() is said in the log, and the launcher goes on waiting", "[ready]") {
    Scene scene;
    const std::string log = scene.path("x.log");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{LogStdio{log.c_str()}, Wires{}}.run([](auto& daemon) {
            const pid_t worker = ::fork();
            if (worker == 0) {
                daemon.ready();
                ::_exit(0);
            }
            ::waitpid(worker, nullptr, 0);
            tell("worker " + std::to_string(worker));
            return serve(daemon);
        });
    });
    const std::string worker = scene.fact("worker");
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(text_of(log) ==
          line("daemon: ready: not reported, since a worker said it: pid " + worker));
    CHECK(scene.err() == "");
}

TEST_CASE("a daemon that is not ready in time is ended with all that it forked", "[ready]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto timed_out = [&](auto body) {
        const auto outcome = scene.run([&] {
            return Daemonizer{StartTimeout<1>{}, PidFile{path.c_str()}, Wires{}}.run(body);
        });
        check_refused(scene, outcome, 124, "start timeout: daemon: not ready after 1 s, and ended");
        CHECK(scene.names() == "");
    };
    SECTION("when it just hangs, with workers in its group") {
        timed_out([](auto&) {
            if (::fork() != 0)
                ::fork();
            await_gate();
            return 0;
        });
    }
    SECTION("when it blocks SIGTERM, and its worker ignores it") {
        timed_out([](auto&) {
            sigset_t all;
            sigfillset(&all);
            ::sigprocmask(SIG_BLOCK, &all, nullptr);
            if (::fork() == 0)
                ::signal(SIGTERM, SIG_IGN);
            await_gate();
            return 0;
        });
    }
}

TEST_CASE("a start in time is none of StartTimeout's business", "[ready]") {
    Scene scene;
    CHECK(scene.run([] { return Daemonizer<StartTimeout<60>, Wires>{}.run(serve); }).status == 0);
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEMPLATE_TEST_CASE("a daemon takes its launcher's answer by another call where one is refused",
                   "[ready]", SingleFork, DoubleFork, HandoffFork) {
    if (cannot_filter())
        return;
    Scene scene;
    const Outcome start = scene.run([] {
        deny(SYS_recvfrom, EPERM);
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            tell("serves");
            await_gate();
            return 0;
        });
    });
    CHECK(start.status == 0);
    const pid_t daemon = scene.pid();
    CHECK(scene.fact("serves") == "");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("a daemon that is faster than the intermediate is not lost", "[ready]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    SECTION("when it is ready") {
        const pid_t launcher = scene.begin([] {
            return Daemonizer<SlowIntermediate, Wires>{}.run([](auto& daemon) {
                tell_pid();
                daemon.ready();
                tell("served");
                await_gate();
                return 0;
            });
        });
        const pid_t daemon = scene.pid();
        await_sleep(scene, daemon);
        scene.let_go();
        CHECK(scene.end_of(launcher) == 0);
        scene.fact("served");
        CHECK(scene.dismiss(daemon) == 0);
    }
    SECTION("when it fails, and a worker of it keeps the report open") {
        const pid_t launcher = scene.begin([&] {
            return Daemonizer{SlowIntermediate{}, PidFile{path.c_str()}, Wires{}}.run(
                [](auto& daemon) {
                    const pid_t worker = ::fork();
                    if (worker == 0)
                        for (;;)
                            ::pause();
                    tell_pid();
                    return daemon.fail(3, "no configuration");
                });
        });
        scene.fact("pid");
        scene.let_go();
        check_refused(scene, scene.outcome_of(launcher), 3, "daemon: not ready: no configuration");
    }
    SECTION("when it dies, and a worker of it keeps the report open") {
        const pid_t launcher = scene.begin([&] {
            return Daemonizer{SlowIntermediate{}, PidFile{path.c_str()}, Wires{}}.run(
                [](auto&) -> int {
                    const pid_t worker = ::fork();
                    if (worker == 0)
                        for (;;)
                            ::pause();
                    tell_pid();
                    ::_exit(7);
                });
        });
        const pid_t daemon = scene.pid();
        REQUIRE(scene.until([&] { return !scene.still_runs(daemon); }));
        scene.let_go();
        check_refused(scene, scene.outcome_of(launcher), 7,
                      "daemon: ended before it was ready: exit status 7");
    }
    CHECK(scene.names() == "");
}
