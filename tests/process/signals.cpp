// SPDX-License-Identifier: BSL-1.0
// Signals collected: by a descriptor, by flags.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;
using namespace std::chrono_literals;

namespace {

using WithFd = SignalFd<SIGHUP, SIGUSR1, SIGTERM>;
using WithFlag = SignalFlag<SIGHUP, SIGUSR1, SIGTERM>;

void handle(int) { tell("handled"); }

/// A daemon that tells every signal it is sent, until SIGTERM.
template <class Signals, class Wait>
auto start_telling(Scene& scene, Wait wait) -> pid_t {
    const auto outcome = scene.run([=] {
        return Daemonizer<Signals, Wires>{}.run([=](auto& daemon) {
            ::signal(SIGUSR2, handle);
            tell_pid();
            daemon.ready();
            for (int signal; (signal = wait(daemon)) != SIGTERM;)
                tell("signal " + std::to_string(signal));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    return scene.pid();
}

} // namespace

TEMPLATE_TEST_CASE("wait() returns the signals that are collected", "[signals]", WithFd, WithFlag) {
    Scene scene;
    const pid_t daemon = start_telling<TestType>(scene, [](auto& self) { return self.wait(); });
    for (const int signal : {SIGUSR1, SIGHUP, SIGHUP, SIGUSR1}) {
        ::kill(daemon, signal);
        CHECK(scene.number("signal") == signal);
    }
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("wait_for() returns them as well, and is not ended by another signal's handler",
                   "[signals]", WithFd, WithFlag) {
    Scene scene;
    const pid_t daemon =
        start_telling<TestType>(scene, [](auto& self) { return self.wait_for(1h); });
    await_sleep(scene, daemon);
    ::kill(daemon, SIGUSR2);
    scene.fact("handled");
    ::kill(daemon, SIGUSR1);
    CHECK(scene.number("signal") == SIGUSR1);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("wait() is not ended by another signal's handler", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const pid_t daemon = start_telling<TestType>(scene, [](auto& self) { return self.wait(); });
    await_sleep(scene, daemon);
    ::kill(daemon, SIGUSR2);
    scene.fact("handled");
    ::kill(daemon, SIGUSR1);
    CHECK(scene.number("signal") == SIGUSR1);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("signals that come before wait() are not lost", "[signals]", WithFd, WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            tell("none " + std::to_string(daemon.wait_for(0s)) + ' ' +
                 std::to_string(daemon.wait_for(1ms)) + ' ' + std::to_string(daemon.wait_for(-1h)));
            for (const int signal : {SIGTERM, SIGUSR1, SIGHUP, SIGUSR1})
                ::raise(signal);
            for (int i = 0; i != 4; ++i)
                tell("signal " + std::to_string(daemon.wait_for(0s)));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("none") == "0 0 0");
    for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, 0}) // one each, in their own order
        CHECK(scene.number("signal") == signal);
}

TEMPLATE_TEST_CASE("a signal that is sent before ready waits for the body", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const pid_t launcher = scene.begin([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            return daemon.wait();
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGTERM);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == SIGTERM);
}

TEMPLATE_TEST_CASE("signals that are not collected keep their default", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const pid_t daemon = start_telling<TestType>(scene, [](auto& self) { return self.wait(); });
    ::kill(daemon, SIGINT);
    CHECK(scene.end_of(daemon) == -SIGINT);
}

TEST_CASE("SignalFd's descriptor can be polled", "[signals]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<WithFd, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            tell_pid();
            pollfd entry{daemon.descriptor(), POLLIN, 0};
            const int before = ::poll(&entry, 1, 0);
            const int after = ::poll(&entry, 1, -1);
            tell("polled " + std::to_string(before) + ' ' + std::to_string(after));
            return daemon.wait();
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    await_sleep(scene, daemon);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("polled") == "0 1");
    CHECK(scene.end_of(daemon) == SIGHUP);
}

TEST_CASE("with SignalFlag a blocking call ends with EINTR", "[signals]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<WithFlag, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            tell_pid();
            char byte;
            const auto size = ::read(gate, &byte, 1);
            tell("read " + std::to_string(size) + ' ' + std::strerror(errno));
            return daemon.wait_for(1h);
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    await_sleep(scene, daemon);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("read") == "-1 Interrupted system call");
    CHECK(scene.end_of(daemon) == SIGHUP);
}

TEMPLATE_TEST_CASE("a worker does not take the daemon's signals", "[signals]", WithFd, WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            const pid_t worker = ::fork();
            if (worker == 0) {
                await_gate();
                ::_exit(0);
            }
            tell("worker " + std::to_string(worker));
            tell_pid();
            return daemon.wait();
        });
    });
    CHECK(outcome.status == 0);
    ::kill(scene.pid("worker"), SIGKILL);
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == SIGTERM);
}
