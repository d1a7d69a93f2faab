// SPDX-License-Identifier: BSL-1.0
// What happens once in a program happens once in a daemon: buffers, atexit, static destructors.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

void print_before() { std::fputs("before\n", stdout); } // into a pipe: it stays in the buffer

void register_at_exit() {
    std::atexit([] { tell("atexit " + std::to_string(::getpid())); });
    static const struct Static {
        ~Static() { tell("destructor " + std::to_string(::getpid())); }
    } object;
}

/// Exit as main does, and no _exit.
template <class Composition, class Body>
auto run_and_exit(const Composition& composition, Body body) -> int {
    register_at_exit();
    std::exit(composition.run(body));
}

} // namespace

TEMPLATE_TEST_CASE("buffered output is written once", "[buffers]", NoFork, SingleFork, DoubleFork,
                   HandoffFork) {
    Scene scene;
    SECTION("where stdout is kept") {
        const auto outcome = scene.run([] {
            print_before();
            return run_and_exit(Daemonizer<TestType, KeepStdio, Wires>{}, [](auto& daemon) {
                daemon.ready();
                std::fputs("after\n", stdout);
                tell_pid();
                return 0;
            });
        });
        CHECK(outcome.status == 0);
        CHECK(scene.end_of(scene.pid()) == 0);
        CHECK(outcome.out + scene.out() == "before\nafter\n");
    }
    SECTION("where it is replaced") {
        const std::string log = scene.path("x.log");
        const auto outcome = scene.run([&] {
            print_before();
            return run_and_exit(Daemonizer{TestType{}, LogStdio{log.c_str()}, Wires{}},
                                [](auto& daemon) {
                                    daemon.ready();
                                    std::fputs("after\n", stdout);
                                    tell_pid();
                                    return 0;
                                });
        });
        CHECK(outcome.status == 0);
        CHECK(scene.end_of(scene.pid()) == 0);
        CHECK(outcome.out == "before\n");
        CHECK(text_of(log) == "after\n");
    }
    SECTION("where the start fails") {
        const auto outcome = scene.run([] {
            print_before();
            return run_and_exit(Daemonizer<TestType, KeepStdio, WorkingDirectory<"/missing/x">>{},
                                [] {});
        });
        CHECK(outcome.status == 1);
        CHECK(outcome.out == "before\n");
        CHECK(outcome.err == line("directory: /missing/x: No such file or directory"));
    }
}

TEMPLATE_TEST_CASE("atexit functions and destructors run once, in the daemon", "[buffers]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    pid_t daemon = 0;
    SECTION("at its end") {
        const auto outcome =
            scene.run([] { return run_and_exit(Daemonizer<TestType, Wires>{}, serve); });
        CHECK(outcome.status == 0);
        CHECK(scene.heard().find("atexit") == std::string::npos);
        daemon = scene.pid();
        CHECK(scene.dismiss(daemon) == 0);
    }
    SECTION("when it is not ready") {
        const auto outcome = scene.run([] {
            return run_and_exit(Daemonizer<TestType, Wires>{}, [](auto& self) {
                tell_pid();
                return self.fail(3, "no configuration");
            });
        });
        CHECK(outcome.status == 3);
        daemon = scene.pid();
    }
    SECTION("when the launcher has died") {
        const pid_t launcher = scene.begin([] {
            return run_and_exit(Daemonizer<TestType, Wires>{}, [](auto& self) {
                tell_pid();
                await_gate();
                self.ready();
                return 0;
            });
        });
        daemon = scene.pid();
        ::kill(launcher, SIGKILL);
        CHECK(scene.end_of(launcher) == -SIGKILL);
        CHECK(scene.dismiss(daemon) == 1);
    }
    CHECK(scene.pid("atexit") == daemon);
    CHECK(scene.pid("destructor") == daemon);
    CHECK(scene.heard() == "");
}

TEMPLATE_TEST_CASE("neither runs in a launcher whose start has failed", "[buffers]", SingleFork,
                   DoubleFork, HandoffFork) {
    Scene scene;
    SECTION("by a step of its own") {
        const auto outcome = scene.run([] {
            return run_and_exit(Daemonizer<TestType, Wires, PidFile<"/missing/x.pid">>{}, serve);
        });
        CHECK(outcome.status == 1);
    }
    SECTION("by a step of the daemon") {
        const auto outcome = scene.run([] {
            return run_and_exit(Daemonizer<TestType, Wires, WorkingDirectory<"/missing">>{}, serve);
        });
        CHECK(outcome.status == 1);
    }
    CHECK(scene.heard() == "");
}
