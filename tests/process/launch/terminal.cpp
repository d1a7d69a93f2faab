// SPDX-License-Identifier: BSL-1.0
// The terminal that a daemon was started from: left for good, and its hang-up survived.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

TEMPLATE_TEST_CASE("started as the leader of a terminal's session, not one daemon is lost",
                   "[terminal]", SingleFork, DoubleFork, HandoffFork) {
    for (int i = 0; i != 40; ++i) {
        Scene scene;
        const Terminal terminal;
        const pid_t launcher = scene.begin([&] {
            terminal.lead_session();
            return Daemonizer<TestType, Wires>{}.run(serve);
        });
        REQUIRE(scene.end_of(launcher) == 0); // and with it its session: SIGHUP has been sent
        REQUIRE(scene.dismiss(scene.pid()) == 0);
    }
}

TEST_CASE("a daemon has no controlling terminal", "[terminal]") {
    Scene scene;
    const Terminal terminal, other;
    const auto look_for_terminals = [&](auto& daemon) {
        daemon.ready();
        const auto controlling = [] {
            const int fd = ::open("/dev/tty", O_RDWR);
            const std::string answer = fd < 0 ? std::strerror(errno) : "there is one";
            ::close(fd);
            return answer;
        };
        tell("before " + controlling());
        must(::open(other.name().c_str(), O_RDWR) >= 0, "terminal"); // without O_NOCTTY
        tell("after " + controlling());
        tell("ids " + std::to_string(::getpid() - ::getsid(0)) + ' ' +
             std::to_string(::getpid() - ::getpgrp()));
        tell_pid();
        await_gate();
        return 0;
    };
    SECTION("and can have none, with DoubleFork") {
        const auto outcome = scene.run([&] {
            terminal.lead_session();
            return Daemonizer<DoubleFork, Wires>{}.run(look_for_terminals);
        });
        CHECK(outcome.status == 0);
        CHECK(scene.fact("before") == "No such device or address");
        CHECK(scene.fact("after") == "No such device or address");
        CHECK(scene.fact("ids").find("0 ") != 0); // leads neither session nor group
    }
    SECTION("but takes one when it opens one, with SingleFork") {
        const auto outcome = scene.run([&] {
            terminal.lead_session();
            return Daemonizer<SingleFork, Wires>{}.run(look_for_terminals);
        });
        CHECK(outcome.status == 0);
        CHECK(scene.fact("before") == "No such device or address");
        CHECK(scene.fact("after") == "there is one");
        CHECK(scene.fact("ids") == "0 0");
    }
    const pid_t daemon = scene.pid();
    const auto stat = stat_of(std::to_string(daemon));
    REQUIRE(stat.size() > 4);
    CHECK(stat[3] != std::to_string(::getsid(0))); // the session is its own
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("a log that is a terminal does not become the controlling one", "[terminal]") {
    Scene scene;
    const Terminal terminal;
    const auto outcome = scene.run([&] {
        return Daemonizer{SingleFork{}, LogStdio{terminal.name().c_str()}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    const auto stat = stat_of(std::to_string(daemon));
    REQUIRE(stat.size() > 4);
    CHECK(stat[4] == "0"); // tty_nr of proc(5)
    CHECK(scene.dismiss(daemon) == 0);
}

TEMPLATE_TEST_CASE("Ctrl-C before ready ends the launcher, and with it the daemon", "[terminal]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const Terminal terminal;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        terminal.lead_session();
        return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            tell("served");
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    terminal.type('\x03');
    CHECK(scene.end_of(launcher) == -SIGINT);
    CHECK_FALSE(scene.still_runs(daemon));
    CHECK(scene.strays() == "");
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
}
