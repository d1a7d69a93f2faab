// SPDX-License-Identifier: BSL-1.0
// Launchers that die first, and what a daemon forks: neither leaves a daemon that nobody started,
// nor takes a pid file that is not its own.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

template <class Fork, class Body>
auto begin(Scene& scene, const std::string& path, Body body) -> pid_t {
    return scene.begin([=] {
        return Daemonizer{Fork{}, PidFile{path.c_str()}, Wires{}}.run(body);
    });
}

} // namespace

TEMPLATE_TEST_CASE("a daemon whose launcher has died undoes its start at ready and leaves",
                   "[launcher]", SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = begin<TestType>(scene, path, [](auto& daemon) {
        tell_pid();
        await_gate();
        daemon.ready();
        tell("served");
        return 0;
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGKILL);
    CHECK(scene.end_of(launcher) == -SIGKILL);
    CHECK(scene.still_runs(daemon));
    scene.let_go();
    CHECK(scene.end_of(daemon) == 1);
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a daemon whose launcher has died and that fails itself undoes its start", "[launcher]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = begin<DoubleFork>(scene, path, [](auto& daemon) {
        tell_pid();
        await_gate();
        return daemon.fail(3, "no configuration");
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGKILL);
    CHECK(scene.end_of(launcher) == -SIGKILL);
    CHECK(scene.dismiss(daemon) == 3);
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a worker that keeps the report open does not hide the daemon's death",
                   "[launcher]", SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = begin<TestType>(scene, path, [](auto&) -> int {
        if (::fork() == 0)
            await_gate();
        else
            ::_exit(7);
        ::_exit(0);
    });
    check_refused(scene, scene.outcome_of(launcher), 7,
                  "daemon: ended before it was ready: exit status 7");
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a daemon that died once it was ready is not said to serve", "[launcher]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = begin<TestType>(scene, path, [](auto& daemon) {
        if (::fork() == 0) // it holds the report open
            await_gate();
        tell_pid();
        await_gate();
        daemon.ready();
        return 0;
    });
    const pid_t daemon = scene.pid();
    stop(scene, launcher);
    scene.let_go();
    scene.let_go();
    await_sleep(scene, daemon); // for the launcher's answer
    ::kill(daemon, SIGKILL);
    REQUIRE(scene.until([&] { return !scene.still_runs(daemon); }));
    ::kill(launcher, SIGCONT);
    check_refused(scene, scene.outcome_of(launcher), 128 + SIGKILL,
                  "daemon: killed before it was ready: Killed, signal 9");
    CHECK(scene.names() == "");
}

TEST_CASE("what a worker writes into the report is nobody's word", "[workers]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t stranger = scene.begin([] {
        await_gate();
        return 0;
    });
    const pid_t launcher = begin<DoubleFork>(scene, path, [](auto& daemon) {
        const pid_t worker = ::fork();
        if (worker == 0) {
            using namespace detail;
            for (int fd = 3; fd != 20; ++fd) {
                const ReportEnd end{fd};
                Failure forged;
                forged.name_step("forged");
                forged.describe("by", "a worker", 0, 9);
                end.send_forked(PosixHost{});
                end.send_failed(PosixHost{}, forged);
                const auto ready = ReportHead::kind::ready;
                ::send(fd, &ready, sizeof ready, MSG_NOSIGNAL);
                ::send(fd, "", 0, MSG_NOSIGNAL); // not the end of the report
            }
            ::_exit(0);
        }
        ::waitpid(worker, nullptr, 0);
        tell_pid();
        await_gate();
        daemon.ready();
        await_gate();
        return 0;
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.still_runs(launcher));
    CHECK(scene.still_runs(stranger));
    for (int i = 0; i != 3; ++i)
        scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.err() == "");
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.end_of(stranger) == 0);
}

TEST_CASE("a worker that was forked before ready keeps no launcher waiting", "[launcher]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = begin<DoubleFork>(scene, path, [](auto& daemon) {
        if (::fork() == 0) {
            tell_pid("worker");
            await_gate();
            ::_exit(0);
        }
        return serve(daemon);
    });
    CHECK(scene.end_of(launcher) == 0);
    scene.let_go();
    scene.let_go();
    CHECK(scene.end_of(scene.pid()) == 0);
    CHECK(scene.end_of(scene.pid("worker")) == 0);
}

TEST_CASE("a worker's end is not the daemon's", "[workers]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int way = GENERATE(0, 1, 2, 3);
    const bool before_ready = GENERATE(true, false);
    const auto work = [](int how) {
        if (how == 1)
            std::exit(0);
        if (how == 2)
            ::raise(SIGTERM);
        if (how == 3)
            throw std::runtime_error{"a worker's"};
        return 4; // the worker's own way out of the body
    };
    const pid_t launcher = begin<DoubleFork>(scene, path, [=](auto& daemon) {
        if (!before_ready)
            daemon.ready();
        const pid_t worker = ::fork();
        if (worker == 0)
            return work(way);
        int status = 0;
        ::waitpid(worker, &status, 0);
        tell("worker " + std::to_string(code_of(status)));
        return serve(daemon);
    });
    INFO("way " << way << ", before ready: " << before_ready);
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.err() == "");
    const pid_t daemon = scene.pid();
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    CHECK(scene.number("worker") == (way == 0 ? 4 : way == 1 ? 0 : way == 2 ? -SIGTERM : 99));
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("a worker cannot say ready, nor that the start has failed", "[workers]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool says_ready = GENERATE(true, false);
    const pid_t launcher = begin<DoubleFork>(scene, path, [=](auto& daemon) {
        const pid_t worker = ::fork();
        if (worker == 0) {
            if (says_ready)
                daemon.ready();
            else
                daemon.fail(3, "a worker's");
            ::_exit(0);
        }
        ::waitpid(worker, nullptr, 0);
        tell_pid();
        await_gate();
        daemon.ready();
        await_gate();
        return 0;
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.still_runs(launcher));
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.err() == "");
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("while a worker outlives the daemon, a new start says so", "[workers]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = begin<DoubleFork>(scene, path, [](auto& daemon) {
        const pid_t worker = ::fork();
        if (worker == 0) {
            await_gate();
            ::_exit(0);
        }
        tell("worker " + std::to_string(worker));
        return serve(daemon);
    });
    CHECK(scene.end_of(launcher) == 0);
    const pid_t daemon = scene.pid(), worker = scene.pid("worker");
    ::kill(daemon, SIGKILL);
    CHECK(scene.end_of(daemon) == -SIGKILL);
    const Outcome second = scene.outcome_of(begin<DoubleFork>(scene, path, serve));
    CHECK(second.status == 1);
    CHECK(second.err ==
          line("pid file: " + path + ": the daemon is gone, a child of it still holds " + path));
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    CHECK(scene.dismiss(worker) == 0);

    CHECK(scene.end_of(begin<DoubleFork>(scene, path, serve)) == 0);
    CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(scene.names() == "");
}
