// SPDX-License-Identifier: BSL-1.0
// Watchdog: who pings, when, and for whom nobody does.
#include "supervision/manager.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// As a manager starts it: `process` null is this one, "" leaves WATCHDOG_PID out.
void be_watched(const Manager& manager, const char* microseconds, const char* process = nullptr) {
    be_told(manager.name());
    set_variable("WATCHDOG_USEC", microseconds);
    const std::string own = std::to_string(::getpid());
    if (process == nullptr || *process != '\0')
        set_variable("WATCHDOG_PID", process == nullptr ? own.c_str() : process);
}

using Flag = SignalFlag<SIGTERM>;
using Fd = SignalFd<SIGTERM>;
constexpr auto long_enough = std::chrono::milliseconds{30};

} // namespace

TEMPLATE_TEST_CASE("wait() pings until a signal comes", "[watchdog]", Flag, Fd) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const bool forks = GENERATE(false, true);
    const pid_t starter = scene.begin([&] {
        be_watched(manager, "20000");
        const auto body = [](auto& daemon) {
            tell_pid();
            daemon.ready();
            return daemon.wait() == SIGTERM ? 7 : 1;
        };
        return forks ? Daemonizer<SystemdNotify, Watchdog, TestType, Wires>{}.run(body)
                     : Daemonizer<NoFork, SystemdNotify, Watchdog, TestType, Wires>{}.run(body);
    });
    const pid_t daemon = scene.pid();
    CHECK(manager.next().text.find("READY=1") != std::string::npos);
    for (int i = 0; i != 3; ++i) {
        const Message ping = manager.next();
        CHECK(ping.text == "WATCHDOG=1");
        CHECK(ping.sender.pid == daemon);
    }
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 7);
    if (forks)
        CHECK(scene.end_of(starter) == 0);
}

TEST_CASE("wait_for() pings and ends with its time", "[watchdog]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const auto outcome = scene.run([&] {
        be_watched(manager, "20000", "");
        return Daemonizer<NoFork, SystemdNotify, Watchdog, Fd, Wires>{}.run(
            [](auto& daemon) { return daemon.wait_for(long_enough * 2) == 0 ? 7 : 1; });
    });
    CHECK(outcome.status == 7);
    const std::string said = manager.all();
    CHECK(said.find("WATCHDOG=1\nWATCHDOG=1\n") != std::string::npos);
}

TEST_CASE("a loop of one's own is woken by descriptor() and pings by watchdog()", "[watchdog]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const auto outcome = scene.run([&] {
        be_watched(manager, "20000");
        return Daemonizer<NoFork, SystemdNotify, Watchdog, Fd, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            pollfd entry{daemon.descriptor(), POLLIN, 0};
            for (int i = 0; i != 3; ++i) {
                if (::poll(&entry, 1, -1) != 1 || !daemon.watchdog())
                    return 1;
                if (::poll(&entry, 1, 0) != 0) // it sleeps until the next is due
                    tell("awake");
            }
            ::raise(SIGTERM);
            while (::poll(&entry, 1, -1) == 1)
                if (const int signal = daemon.wait_for(std::chrono::seconds{0}); signal != 0)
                    return signal == SIGTERM ? 7 : 1;
            return 1;
        });
    });
    CHECK(outcome.status == 7);
    const std::string said = manager.all();
    CHECK(said.rfind("READY=1\nWATCHDOG=1\nWATCHDOG=1\nWATCHDOG=1\n", 0) == 0);
}

TEST_CASE("where nobody watches nobody pings", "[watchdog]") {
    struct Case {
        const char *time, *process;
    };
    for (const Case& given : {Case{nullptr, nullptr}, Case{"0", nullptr}, Case{"", nullptr},
                              Case{"20000", "1"}, Case{"20000", "x"}, Case{"2x", nullptr},
                              Case{"18446744073709551615", nullptr}, Case{"-1", nullptr}}) {
        Scene scene;
        Manager manager{scene.path("notify")};
        const auto outcome = scene.run([&] {
            be_watched(manager, given.time, given.process);
            return Daemonizer<NoFork, SystemdNotify, Watchdog, Fd, Wires>{}.run([](auto& daemon) {
                daemon.ready();
                const int signals = daemon.descriptor();
                return daemon.wait_for(long_enough) == 0 && signals >= 0 ? 7 : 1;
            });
        });
        INFO((given.time != nullptr ? given.time : "unset"));
        CHECK(outcome.status == 7);
        CHECK(manager.all() == "READY=1\nSTOPPING=1\n");
    }
}

TEST_CASE("watchdog() pings without the policy, too", "[watchdog]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run(
            [](auto& daemon) { return daemon.watchdog() ? 0 : 1; });
    });
    CHECK(manager.next().text == "WATCHDOG=1");
}
