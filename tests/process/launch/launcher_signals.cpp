// SPDX-License-Identifier: BSL-1.0
// The launcher of run() never returns to the program, so the program's handlers are not for it:
// what ends a command ends it, and with it the start.
#include "launch.hpp"

#include <csignal>

using namespace daemonizer;
using namespace launch;

namespace {

void tell_signal(int signal) {
    const char text[] = {'h',
                         'a',
                         'n',
                         'd',
                         'l',
                         'e',
                         'd',
                         ' ',
                         static_cast<char>('0' + signal / 10),
                         static_cast<char>('0' + signal % 10),
                         '\n'};
    if (::write(facts, text, sizeof text) != sizeof text)
        ::_exit(98);
}

void handle(std::initializer_list<int> signals) {
    for (const int signal : signals)
        ::signal(signal, tell_signal);
}

} // namespace

TEMPLATE_TEST_CASE("Ctrl-C cancels a start whatever handlers the program has", "[launcher signals]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int signal = GENERATE(SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM);
    const pid_t launcher = scene.begin([&] {
        handle({SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGALRM});
        return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            tell("ready");
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, signal);
    CHECK(scene.end_of(launcher) == -signal);
    CHECK_FALSE(scene.still_runs(daemon)); // the launcher has ended and buried it
    CHECK(scene.strays() == "");
    CHECK(scene.err() == "");
    CHECK(scene.heard() == ""); // neither a handler nor ready
    CHECK(scene.names() == "");
}

TEST_CASE("other signals wait until the launcher has gone", "[launcher signals]") {
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        handle({SIGUSR1, SIGPROF});
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGUSR1);
    ::kill(launcher, SIGPROF);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.heard() == "");
}

TEMPLATE_TEST_CASE("a daemon that keeps its signals has the program's handlers",
                   "[launcher signals]", SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const auto outcome = scene.run([&] {
        handle({SIGINT, SIGUSR1});
        ::signal(SIGHUP, SIG_IGN);
        return Daemonizer{TestType{}, KeepSignals{}, Wires{}}.run([] {
            ::raise(SIGINT);
            ::raise(SIGUSR1);
            ::raise(SIGHUP);
            tell("end");
        });
    });
    CHECK(outcome.status == 0);
    scene.fact("end");
    CHECK(scene.heard() == "handled 02\nhandled 10\n");
}
