// SPDX-License-Identifier: BSL-1.0
// How the launcher learns who the daemon is: from its intermediate, on memory that both share, or
// from the daemon itself where the kernel does not say that they do.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// Says, in each process, which number it knows the daemon by.
template <class Fork>
auto start_and_tell() -> int {
    auto result = Daemonizer<Fork, Wires>{}.start();
    if (!result)
        return 1;
    if (result->is_launcher()) {
        tell("known " + std::to_string(result->pid()));
        return 0;
    }
    tell("own " + std::to_string(result->pid()));
    result->ready();
    await_gate();
    return 0;
}

/// A start that serves, under a number that tells the daemon from all others.
void check_known(Scene& scene, const Outcome& start) {
    CHECK(start.status == 0);
    CHECK(start.err == "");
    const std::string own = scene.fact("own");
    CHECK(scene.fact("known") == own);
    CHECK(scene.dismiss(std::stoi(own)) == 0);
}

/// From now on children are in a new pid namespace, whose first process lives.
void enter_living_pid_namespace() {
    must(::unshare(CLONE_NEWPID) == 0, "unshare");
    const pid_t first = ::fork();
    must(first >= 0, "fork");
    while (first == 0)
        ::pause();
}

} // namespace

TEMPLATE_TEST_CASE("the launcher knows its daemon", "[who]", SingleFork, DoubleFork) {
    Scene scene;
    check_known(scene, scene.run(start_and_tell<TestType>));
}

TEST_CASE("the daemon says who it is where kcmp(2) does not tell of shared memory", "[who]") {
    if (cannot_filter())
        return;
    Scene scene;
    check_known(scene, scene.run([] {
        deny(SYS_kcmp, EPERM);
        return start_and_tell<DoubleFork>();
    }));
}

TEST_CASE("in another pid namespace the daemon says who it is, and has two numbers", "[who]") {
    if (cannot("a pid namespace", enter_living_pid_namespace))
        return;
    Scene scene;
    const Outcome start = scene.run([] {
        enter_living_pid_namespace();
        return start_and_tell<DoubleFork>();
    });
    CHECK(start.status == 0);
    CHECK(start.err == "");
    CHECK(scene.fact("own") == "3"); // after the namespace's first process, and the intermediate
    const pid_t known = scene.pid("known");
    CHECK(known != 3);
    CHECK(::kill(known, 0) == 0);
}

TEST_CASE("a hand-off into another pid namespace serves", "[who]") {
    if (cannot("a pid namespace", enter_living_pid_namespace))
        return;
    Scene scene;
    const Outcome start = scene.run([] {
        enter_living_pid_namespace();
        return Daemonizer<HandoffFork, Wires>{}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            await_gate();
            return 0;
        });
    });
    CHECK(start.status == 0);
    CHECK(start.err == "");
    CHECK(scene.fact("pid") == "3");
}

TEMPLATE_TEST_CASE("a launcher that may not ask for its children refuses, and does not wait",
                   "[who]", DoubleFork, HandoffFork) {
    if (cannot_filter())
        return;
    Scene scene;
    const Outcome start = scene.run([] {
        deny(SYS_waitid, EPERM);
        return Daemonizer<TestType, Wires>{}.run(serve);
    });
    CHECK(start.status == 1);
    CHECK(start.err.find(": report: waitid: Operation not permitted\n") != std::string::npos);
    CHECK(scene.heard() == "");
}
