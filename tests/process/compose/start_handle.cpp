// SPDX-License-Identifier: BSL-1.0
// start(): the same in a program that goes on in both processes.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

void handle(int) {}

/// The daemon's side of a start.
template <class Running>
auto serve_and_leave(Running& running) -> int {
    serve(running);
    return 0;
}

/// What a launcher that goes on living cares for.
auto attributes() -> std::string {
    struct sigaction action {};
    ::sigaction(SIGCHLD, nullptr, &action);
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    std::string blocked;
    for (int signal = 1; signal != NSIG; ++signal)
        blocked += sigismember(&mask, signal) == 1 ? ' ' + std::to_string(signal) : "";
    int subreaper = -1;
    ::prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
    std::string open;
    for (int fd = 0; fd != 1000; ++fd)
        open += ::fcntl(fd, F_GETFD) >= 0 ? ' ' + std::to_string(fd) : "";
    return std::string{action.sa_handler == SIG_IGN  ? "ignored"
                       : action.sa_handler == handle ? "handled"
                                                     : "default"} +
           " blocked" + blocked + " subreaper " + std::to_string(subreaper) + " open" + open;
}

} // namespace

TEMPLATE_TEST_CASE("start() returns in the launcher and in the daemon", "[start]", SingleFork,
                   DoubleFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        auto running = Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.start();
        if (!running)
            return 10;
        if (!running->is_launcher())
            return serve_and_leave(*running);
        tell("launcher " + std::to_string(running->pid()));
        tell(text_of(path) == std::to_string(running->pid()) + '\n' ? "written" : "unwritten");
        return 11;
    });
    CHECK(outcome.status == 11);
    CHECK(outcome.err == "");
    scene.fact("written");
    const pid_t daemon = scene.pid();
    CHECK(scene.pid("launcher") == daemon);
    CHECK(text_of(path) == std::to_string(daemon) + '\n'); // the launcher's handle owns nothing
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a failed start() is an error in the launcher, which says nothing", "[start]",
                   SingleFork, DoubleFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto start = [&](const auto& composition) {
        return scene.run([&] {
            auto running = composition.start();
            if (!running) {
                const Failure& error = running.error();
                tell("error " + std::string{error.step()} + " | " + std::to_string(error.code()) +
                     " | " + error.text());
                return error.exit_status();
            }
            return running->is_launcher() ? 0 : running->fail(3, "no configuration");
        });
    };
    Outcome outcome;
    SECTION("where its own step failed") {
        outcome = start(Daemonizer{TestType{}, PidFile{"/missing/x.pid"}, Wires{}});
        CHECK(outcome.status == 1);
        CHECK(scene.fact("error") == "pid file | " + std::to_string(ENOENT) +
                                         " | /missing/x.pid: No such file or directory");
    }
    SECTION("where the daemon's step failed") {
        outcome = start(
            Daemonizer{TestType{}, PidFile{path.c_str()}, WorkingDirectory{"/missing"}, Wires{}});
        CHECK(outcome.status == 1);
        CHECK(scene.fact("error") ==
              "directory | " + std::to_string(ENOENT) + " | /missing: No such file or directory");
    }
    SECTION("where the daemon said so") {
        outcome = start(Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}});
        CHECK(outcome.status == 3);
        CHECK(scene.fact("error") == "daemon | 0 | not ready: no configuration");
    }
    CHECK(outcome.err == "");
    CHECK(outcome.out == "");
    CHECK(scene.heard() == "");
    CHECK(scene.strays() == "");
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a handle that is destroyed before ready is a failed start", "[start]",
                   SingleFork, DoubleFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        auto running = Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.start();
        if (!running) {
            tell(std::string{"error "} + running.error().text());
            return running.error().exit_status();
        }
        return 0; // the daemon, without a word
    });
    CHECK(outcome.status == 1);
    CHECK(scene.fact("error") == "ended before it was ready: status 1");
    CHECK(scene.names() == "");
    CHECK(scene.strays() == "");
}

TEMPLATE_TEST_CASE("a launcher that goes on is as it was", "[start]", SingleFork, DoubleFork) {
    Scene scene;
    const auto disposition = GENERATE(SIG_DFL, SIG_IGN, handle);
    const int subreaper = GENERATE(0, 1);
    const bool fails = GENERATE(false, true);
    const auto outcome = scene.run([&] {
        ::signal(SIGCHLD, disposition);
        ::prctl(PR_SET_CHILD_SUBREAPER, subreaper);
        sigset_t mask;
        sigemptyset(&mask);
        sigaddset(&mask, SIGUSR1);
        ::sigprocmask(SIG_SETMASK, &mask, nullptr);
        const pid_t own_child = ::fork();
        if (own_child == 0)
            ::_exit(42);
        tell("before " + attributes());
        auto running = Daemonizer<TestType, Wires>{}.start();
        if (running && !running->is_launcher())
            return fails ? running->fail(3, "no") : serve_and_leave(*running);
        tell("after " + attributes());
        int status = 0;
        if (disposition != SIG_IGN && ::waitpid(own_child, &status, 0) == own_child)
            tell("own child " + std::to_string(code_of(status)));
        return running ? 0 : 1;
    });
    CHECK(outcome.status == (fails ? 1 : 0));
    CHECK(scene.fact("after") == scene.fact("before"));
    if (disposition != SIG_IGN)
        CHECK(scene.fact("own child") == "42");
    if (!fails)
        CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(scene.until([&] { return scene.strays().empty(); })); // its own child, if not waited for
}

TEST_CASE("a launcher that goes on can start several daemons", "[start]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        for (const char* name : {"a.pid", "b.pid", "a.pid"}) {
            const std::string path = scene.path(name);
            auto running = Daemonizer{PidFile{path.c_str()}, Wires{}}.start();
            if (running && !running->is_launcher())
                return serve_and_leave(*running);
            tell(running ? "started " + std::to_string(running->pid())
                         : std::string{"error "} + running.error().text());
        }
        return 0;
    });
    CHECK(outcome.status == 0);
    const pid_t first = scene.pid("started"), second = scene.pid("started");
    CHECK(scene.fact("error") ==
          scene.path("a.pid") + ": already running, pid " + std::to_string(first));
    CHECK(scene.names() == "a.pid b.pid");
    scene.let_go();
    scene.let_go();
    CHECK(scene.end_of(first) == 0);
    CHECK(scene.end_of(second) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("a handle owns what the start acquired, and gives it back when it is destroyed",
          "[start]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        {
            auto result = Daemonizer{PidFile{path.c_str()}, Wires{}}.start();
            if (!result)
                return 1;
            auto running = std::move(*result); // moved, and still owned once
            if (running.is_launcher())
                return 0;
            running.ready();
            running.ready(); // does nothing
            tell_pid();
            tell("while " + names_in(scene.directory()));
        }
        tell("then " + names_in(scene.directory()));
        return 5;
    });
    CHECK(outcome.status == 0);
    CHECK(scene.end_of(scene.pid()) == 5);
    CHECK(scene.fact("while") == "x.pid");
    CHECK(scene.fact("then") == "");
}

TEST_CASE("start_or_throw() throws in the launcher", "[start]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        try {
            auto running = Daemonizer<WorkingDirectory<"/missing">, Wires>{}.start_or_throw();
            return 1;
        } catch (const StartError& error) {
            tell(std::string{"error "} + error.failure().step() + " | " + error.what());
            return 2;
        }
    });
    CHECK(outcome.status == 2);
    CHECK(outcome.err == "");
    CHECK(scene.fact("error") == "directory | /missing: No such file or directory");
    CHECK(scene.heard() == "");
}

TEST_CASE("start_or_throw() returns the handle", "[start]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        auto running = Daemonizer<Wires>{}.start_or_throw();
        return running.is_launcher() ? 4 : serve_and_leave(running);
    });
    CHECK(outcome.status == 4);
    CHECK(scene.dismiss(scene.pid()) == 0);
}
