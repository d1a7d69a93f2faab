// SPDX-License-Identifier: BSL-1.0
// AutoFork where somebody supervises the process: it is the daemon, and its program goes on after
// it.
#include "launch.hpp"

#include <cstdlib>

using namespace daemonizer;
using namespace launch;

namespace {

/// As systemd does for the process that it has started.
void be_supervised() { ::setenv("SYSTEMD_EXEC_PID", std::to_string(::getpid()).c_str(), 1); }

/// Runs the service in a process that is supervised; "back" is said by a program that goes on.
auto outcome_of(Scene& scene, const auto& service, auto body) {
    return scene.run([&] {
        be_supervised();
        const int status = service.run(body);
        tell("back");
        return status;
    });
}

} // namespace

TEST_CASE("AutoFork under a supervisor: the daemon is the process that was started",
          "[auto fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t process = scene.begin([&] {
        be_supervised();
        return Daemonizer{AutoFork{}, PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
            serve(daemon);
            return 7;
        });
    });
    CHECK(scene.pid() == process);
    CHECK(text_of(path) == std::to_string(process) + '\n');
    scene.let_go();
    CHECK(scene.end_of(process) == 7);
    CHECK(scene.names() == "");
}

TEST_CASE("AutoFork under a supervisor: a failure is a line, and the program goes on",
          "[auto fork]") {
    Scene scene;
    check_refused(scene,
                  outcome_of(scene, Daemonizer{AutoFork{}, PidFile{"/missing/x.pid"}, Wires{}},
                             [](auto&) { return 0; }),
                  1, "pid file: /missing/x.pid: No such file or directory");
    CHECK(scene.heard() == "back\n");
    const Daemonizer<AutoFork, Wires> service;
    check_refused(
        scene,
        outcome_of(scene, service, [](auto& daemon) { return daemon.fail(3, "no configuration"); }),
        3, "daemon: not ready: no configuration");
    check_refused(scene, outcome_of(scene, service, [](auto&) { return 0; }), 1,
                  "daemon: ended before it was ready: status 0");
    check_refused(scene, outcome_of(scene, service, [](auto&) { return 4; }), 4,
                  "daemon: ended before it was ready: status 4");
}

TEST_CASE("AutoFork without a supervisor forks, whatever its shell has inherited", "[auto fork]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        ::setenv("SYSTEMD_EXEC_PID", std::to_string(::getppid()).c_str(), 1);
        ::setenv("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
        return Daemonizer{AutoFork{}, PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    scene.let_go();
    CHECK(scene.end_of(daemon) == 0);
}
