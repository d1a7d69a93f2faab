// SPDX-License-Identifier: BSL-1.0
// NoFork: launcher and daemon are one process, and a failure is the same line.
#include "launch.hpp"

#include <pthread.h>
#include <sys/resource.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// Fails in the phase `At`, or throws there.
template <phase At>
struct Fails {
    bool throws = false;

    struct slot : own_slot {
        static constexpr const char* name = "late";
    };
    struct Fail : step<At> {
        static constexpr const char* name = "late";
        static auto run(const auto& start, const Fails& policy) -> bool {
            if (policy.throws)
                throw std::runtime_error{"out of memory"};
            return start.fail("something", "is wrong");
        }
    };
    using steps = step_list<Fail>;
};

} // namespace

TEST_CASE("without a fork the body's status is the program's", "[no fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("x.log");
    const pid_t process = scene.begin([&] {
        return Daemonizer{NoFork{}, PidFile{path.c_str()}, LogStdio{log.c_str()}, Wires{}}.run(
            [](auto& daemon) {
                std::fputs("hello\n", stderr);
                serve(daemon);
                return 7;
            });
    });
    CHECK(scene.pid() == process);
    CHECK(text_of(path) == std::to_string(process) + '\n');
    scene.let_go();
    CHECK(scene.end_of(process) == 7);
    CHECK(scene.err() == "");
    CHECK(text_of(log) == "hello\n");
    CHECK(scene.names() == "x.log");
}

TEST_CASE("without a fork a failure is a line on the terminal, also once stdio is replaced",
          "[no fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("x.log");
    const auto outcome_of = [&](auto stdio, auto body) {
        return scene.run([&] {
            return Daemonizer{NoFork{}, stdio, PidFile{path.c_str()}, Wires{}}.run(body);
        });
    };
    const auto fails = [](auto& daemon) { return daemon.fail(3, "no configuration"); };
    const auto returns = [](auto&) { return 4; };
    const auto throws = [](auto&) -> int { throw std::runtime_error{"no memory"}; };

    check_refused(scene, outcome_of(KeepStdio{}, fails), 3, "daemon: not ready: no configuration");
    check_refused(scene, outcome_of(NullStdio{}, fails), 3, "daemon: not ready: no configuration");
    check_refused(scene, outcome_of(LogStdio{log.c_str()}, fails), 3,
                  "daemon: not ready: no configuration");
    check_refused(scene, outcome_of(NullStdio{}, returns), 4,
                  "daemon: ended before it was ready: status 4");
    check_refused(scene, outcome_of(NullStdio{}, throws), 1, "daemon: not ready: no memory");
    CHECK(text_of(log) == "");
    CHECK_FALSE(exists(path));
}

TEST_CASE("without a fork a failed step is a line and status 1", "[no fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("missing/x.log");
    SECTION("of the check") {
        check_refused(scene, scene.run([] {
            return Daemonizer{NoFork{}, PidFile{"/missing/x.pid"}, Wires{}}.run(serve);
        }),
                      1, "pid file: /missing/x.pid: No such file or directory");
    }
    SECTION("of a later phase") {
        check_refused(scene, scene.run([&] {
            return Daemonizer{NoFork{}, PidFile{path.c_str()}, LogStdio{log.c_str()}, Wires{}}.run(
                serve);
        }),
                      1, "stdio: " + log + ": No such file or directory");
    }
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE_SIG("without a fork a step that fails in any phase says its line", "[no fork]",
                       ((phase At), At), phase::check, phase::session, phase::signals,
                       phase::targets, phase::stdio) {
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("x.log");
    const auto outcome_of = [&](auto stdio, auto fork, bool throws) {
        return scene.run([&] {
            return Daemonizer{fork, stdio, PidFile{path.c_str()}, Fails<At>{throws}, Wires{}}.run(
                [](auto&) { tell("served"); });
        });
    };
    const auto check_said = [&](auto stdio, auto fork) {
        check_refused(scene, outcome_of(stdio, fork, false), 1, "late: something: is wrong");
        check_refused(scene, outcome_of(stdio, fork, true), 1, "late: exception: out of memory");
    };
    check_said(KeepStdio{}, NoFork{});
    check_said(NullStdio{}, NoFork{});
    check_said(LogStdio{log.c_str()}, NoFork{});
    check_said(NullStdio{}, SingleFork{});
    check_said(NullStdio{}, DoubleFork{});
    check_said(NullStdio{}, HandoffFork{});
    CHECK(text_of(log) == "");
    CHECK_FALSE(exists(path));
    CHECK(scene.heard() == "");
}

TEST_CASE("without a fork the program may say itself what start() returned", "[no fork]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        const auto running = Daemonizer<NoFork, Fails<phase::stdio>, Wires>{}.start();
        std::fprintf(stderr, "%s", running.error().text());
        return running ? 0 : 1;
    });
    CHECK(outcome.status == 1);
    CHECK(outcome.err == "something: is wrong");
}

TEST_CASE("without a fork a daemon that returned 0 before ready has failed", "[no fork]") {
    Scene scene;
    const auto outcome =
        scene.run([] { return Daemonizer<NoFork, Wires>{}.run([](auto&) { return 0; }); });
    check_refused(scene, outcome, 1, "daemon: ended before it was ready: status 0");
}

TEST_CASE("without a fork a daemon that said why it is not ready has failed with status 0, too",
          "[no fork]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<NoFork, Wires>{}.run([](auto& daemon) { return daemon.fail(0, "why"); });
    });
    check_refused(scene, outcome, 1, "daemon: not ready: why");
    const auto later = scene.run([] {
        return Daemonizer<NoFork, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            return daemon.fail(0, "a disk is full");
        });
    });
    CHECK(later.status == 0);
}

TEST_CASE("without a fork start() returns once, and is no launcher", "[no fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    SECTION("with a handle") {
        const auto outcome = scene.run([&] {
            auto running = Daemonizer{NoFork{}, PidFile{path.c_str()}, Wires{}}.start();
            if (!running || running->is_launcher())
                return 1;
            tell_pid();
            running->ready();
            return 5;
        });
        CHECK(outcome.status == 5);
        CHECK(outcome.err == "");
    }
    SECTION("with an error, and prints nothing") {
        const auto outcome = scene.run([&] {
            auto running =
                Daemonizer{NoFork{}, PidFile{path.c_str()}, WorkingDirectory{"/missing"}}.start();
            return running ? 1 : running.error().code() == ENOENT ? 6 : 2;
        });
        CHECK(outcome.status == 6);
        CHECK(outcome.err == "");
    }
    CHECK(scene.names() == "");
}

TEST_CASE("all texts known at run time", "[no fork]") {
    Scene scene;
    const std::string pid = scene.path("x.pid"), log = scene.path("x.log"), in = "/dev/null",
                      directory = scene.directory();
    const auto outcome = scene.run([&] {
        const char* const ident = "x";
        return Daemonizer{PidFile{pid.c_str(), 0600},
                          FileStdio{in.c_str(), log.c_str(), log.c_str()},
                          WorkingDirectory{directory.c_str()}, Syslog{ident}, Wires{}}
            .run(serve);
    });
    CHECK(outcome.status == 0);
    CHECK(scene.names() == "x.log x.pid");
    CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(scene.names() == "x.log");
}

TEST_CASE("an exception after ready that no frame would catch leaves no pid file", "[no fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    // Below a thread's own function there is no handler: nothing is unwound.
    const auto in_thread = [](void* path_of) -> void* {
        const rlimit no_core{};
        ::setrlimit(RLIMIT_CORE, &no_core);
        const Daemonizer service{NoFork{}, PidFile{*static_cast<std::string*>(path_of)}, Wires{}};
        const int status = service.run([](auto& daemon) -> int {
            daemon.ready();
            throw std::runtime_error{"after ready"};
        });
        return status == 0 ? nullptr : path_of;
    };
    std::string name = path;
    const auto outcome = scene.run([&] {
        pthread_t thread;
        ::pthread_create(&thread, nullptr, in_thread, &name);
        ::pthread_join(thread, nullptr);
        return 0;
    });
    CHECK(outcome.status == -SIGABRT);
    CHECK(scene.names() == "");
}
