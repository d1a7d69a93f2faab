// SPDX-License-Identifier: BSL-1.0
// Orders to a daemon: each reaches it, and stop returns only when it is gone.
#include "control.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

constexpr auto stubborn = [](auto& daemon) {
    tell_pid();
    daemon.ready();
    for (;;)
        tell("signal " + std::to_string(daemon.wait()));
};

/// Where pidfds are missing, or half of them.
enum class kernel { whole, no_pidfd_open, pidfd_open_forbidden, no_pidfd_send_signal };

void become_kernel(kernel which) {
    if (which == kernel::no_pidfd_open)
        deny(SYS_pidfd_open, ENOSYS);
    if (which == kernel::pidfd_open_forbidden)
        deny(SYS_pidfd_open, EPERM);
    if (which == kernel::no_pidfd_send_signal)
        deny(SYS_pidfd_send_signal, ENOSYS);
}

auto any_kernel() -> kernel {
    return GENERATE(kernel::whole, kernel::no_pidfd_open, kernel::pidfd_open_forbidden,
                    kernel::no_pidfd_send_signal);
}

} // namespace

TEST_CASE("stop: the daemon gets SIGTERM, and is gone afterwards", "[control]") {
    if (cannot_filter())
        return;
    const kernel which = any_kernel();
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, obey);
    const std::string result = asked(scene, [&] {
        become_kernel(which);
        const ControlResult stopped = stop(path.c_str());
        tell(exists(path) ? "file is there" : "file is gone");
        tell("answer " + words_of(stopped));
    });
    CHECK(result == "done " + std::to_string(daemon));
    CHECK(scene.number("signal") == SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.heard() == "file is gone\n");
    CHECK(words_of(stop(path.c_str())) == "not running");
}

TEST_CASE("stop: a daemon that takes its time is waited for", "[control]") {
    if (cannot_filter())
        return;
    const kernel which = any_kernel();
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, [](auto& self) {
        tell_pid();
        self.ready();
        self.wait();
        tell("ending");
        await_gate();
        tell("ended");
        return 0;
    });
    const pid_t stopper = scene.begin([&] {
        become_kernel(which);
        const ControlResult stopped = stop(path.c_str(), {{SIGTERM, 60}, {SIGKILL, 60}});
        tell("answer " + words_of(stopped));
        return 0;
    });
    scene.fact("ending");
    ::usleep(50'000);
    CHECK(scene.still_runs(stopper));
    CHECK(scene.heard() == "");
    scene.let_go();
    CHECK(scene.fact("answer") == "done " + std::to_string(daemon));
    CHECK(scene.heard() == "ended\n");
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.end_of(stopper) == 0);
}

TEST_CASE("stop: escalates along its schedule where SIGTERM is not enough", "[control]") {
    if (cannot_filter())
        return;
    const kernel which = any_kernel();
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, stubborn);
    const auto told = [&](Schedule schedule) {
        return asked(scene, [&] {
            become_kernel(which);
            tell("answer " + words_of(stop(path.c_str(), schedule)));
        });
    };
    CHECK(told({{SIGTERM, 0}}) == "still running " + std::to_string(daemon));
    CHECK(scene.number("signal") == SIGTERM);
    CHECK(told({}) == "still running " + std::to_string(daemon));
    CHECK(scene.still_runs(daemon));

    CHECK(told({{SIGHUP, 0}, {SIGUSR1, 0}}) == "still running " + std::to_string(daemon));
    CHECK(scene.number("signal") == SIGHUP);
    CHECK(scene.number("signal") == SIGUSR1);
    CHECK(scene.heard() == "");

    CHECK(told({{0, 0}, {SIGKILL, 30}}) == "done " + std::to_string(daemon));
    CHECK(scene.end_of(daemon) == -SIGKILL);
    CHECK(words_of(status(path.c_str())) == "dead " + std::to_string(daemon));
}

TEST_CASE("stop: a dead daemon that nobody has waited for is gone", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    start_daemon(scene, path, [](auto& self) {
        tell_pid();
        self.ready();
        ::_exit(self.wait() == SIGTERM ? 5 : 6);
        return 0;
    });
    CHECK(stop(path.c_str())); // it is our child, and a zombie now
}

TEST_CASE("signal and reload reach the daemon, and it alone", "[control]") {
    if (cannot_filter())
        return;
    const kernel which = any_kernel();
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, obey);
    const std::string done = "done " + std::to_string(daemon);
    const auto told = [&](auto order) {
        return asked(scene, [&] {
            become_kernel(which);
            tell("answer " + words_of(order()));
        });
    };
    CHECK(told([&] { return signal(path.c_str(), SIGUSR1); }) == done);
    CHECK(scene.number("signal") == SIGUSR1);
    CHECK(told([&] { return reload(path.c_str()); }) == done);
    CHECK(scene.number("signal") == SIGHUP);
    CHECK(told([&] { return signal(path.c_str(), 0); }) == done);
    CHECK(told([&] { return signal(path.c_str(), 1000); }) ==
          "refused " + std::to_string(daemon) + ": Invalid argument");
    CHECK(scene.heard() == "");

    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
    CHECK(words_of(signal(path.c_str(), SIGUSR1)) == "not running");
    CHECK(words_of(reload(path.c_str())) == "not running");
}

TEST_CASE("wait_until_gone sends nothing", "[control]") {
    if (cannot_filter())
        return;
    const kernel which = any_kernel();
    Scene scene;
    const std::string path = scene.path("x.pid");
    CHECK(words_of(wait_until_gone(path.c_str(), 30)) == "not running");
    const pid_t daemon = start_daemon(scene, path, serve);
    const std::string pid = std::to_string(daemon);
    CHECK(words_of(wait_until_gone(path.c_str(), 0)) == "still running " + pid);
    const pid_t waits = scene.begin([&] {
        become_kernel(which);
        tell("waits");
        tell("answer " + words_of(wait_until_gone(path.c_str(), 30)));
        return 0;
    });
    scene.fact("waits");
    scene.let_go();
    const std::string answer = scene.fact("answer");
    CHECK((answer == "done " + pid || answer == "not running")); // gone before it looked
    CHECK(scene.end_of(waits) == 0);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("restart: the new daemon starts once the old one is gone", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Daemonizer service{PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}};
    const auto restart_it = [&](Schedule schedule) {
        return scene.run([&] {
            const auto otherwise = [](const ControlResult& result) {
                tell("otherwise " + words_of(result));
                return 77;
            };
            return restart(service, obey, otherwise, schedule);
        });
    };
    CHECK(restart_it({{SIGTERM, 10}}).status == 0); // nothing ran
    const pid_t first = scene.pid();
    CHECK(restart_it({{SIGTERM, 10}}).status == 0);
    const pid_t second = scene.pid();
    CHECK(scene.end_of(first) == 0);
    CHECK(words_of(status(service)) == "running " + std::to_string(second));
    CHECK(scene.number("signal") == SIGTERM);

    CHECK(restart_it({{0, 0}}).status == 77);
    CHECK(scene.fact("otherwise") == "still running " + std::to_string(second));
    CHECK(words_of(status(service)) == "running " + std::to_string(second));
    CHECK(stop(service));
    CHECK(scene.end_of(second) == 0);
}

TEST_CASE("restart: a new start that fails is reported, after the old daemon has ended",
          "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t old = start_daemon(scene, path, obey);
    const Outcome outcome = scene.run([&] {
        const Daemonizer service{PidFile{path.c_str()}, SignalFd<SIGTERM>{}};
        return restart(
            service, [](auto& daemon) { return daemon.fail(3, "no configuration"); },
            [](const ControlResult&) { return 77; });
    });
    check_refused(scene, outcome, 3, "daemon: not ready: no configuration");
    CHECK(scene.end_of(old) == 0);
    CHECK(words_of(status(path.c_str())) == "stopped");
}

TEST_CASE("stop: a daemon that somebody has suspended is woken for its end", "[control]") {
    if (cannot_filter())
        return;
    const kernel which = any_kernel();
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, obey);
    ::kill(daemon, SIGSTOP);
    REQUIRE(scene.until([&] {
        const auto stat = stat_of(std::to_string(daemon));
        return !stat.empty() && stat[0] == "T";
    }));
    const std::string result = asked(scene, [&] {
        become_kernel(which);
        tell("answer " + words_of(stop(path.c_str(), {{SIGTERM, 60}})));
    });
    CHECK(result == "done " + std::to_string(daemon));
    CHECK(scene.number("signal") == SIGTERM); // and no other
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.names() == "");
}
