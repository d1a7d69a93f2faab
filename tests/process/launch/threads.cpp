// SPDX-License-Identifier: BSL-1.0
// A fork copies one thread: a start with more is refused, one whose threads have ended is not.
#include "kernel.hpp"

#include <pthread.h>

using namespace daemonizer;
using namespace launch;

namespace {

auto wait_at_gate(void*) -> void* {
    await_gate();
    return nullptr;
}
auto end_at_once(void*) -> void* { return nullptr; }

constexpr auto refusal = "threads: start: more than one thread is running; the others would vanish";

} // namespace

TEMPLATE_TEST_CASE("a start with two threads is refused", "[threads]", SingleFork, DoubleFork,
                   HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool proc = GENERATE(true, false);
    if (!proc && cannot_mount())
        return;
    const auto outcome = scene.run([&] {
        if (!proc) {
            take_private_mounts();
            must(::umount2("/proc", MNT_DETACH) == 0, "umount /proc");
        }
        pthread_t thread;
        must(::pthread_create(&thread, nullptr, wait_at_gate, nullptr) == 0, "thread");
        return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    check_refused(scene, outcome, 1, refusal);
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
}

TEMPLATE_TEST_CASE("a thread that was joined hinders nobody", "[threads]", SingleFork, DoubleFork,
                   HandoffFork) {
    Scene scene;
    const bool proc = GENERATE(true, false);
    if (!proc && cannot_mount())
        return;
    for (int i = 0; i != 20; ++i) {
        const auto outcome = scene.run([&] {
            if (!proc) {
                take_private_mounts();
                must(::umount2("/proc", MNT_DETACH) == 0, "umount /proc");
            }
            pthread_t threads[8];
            for (auto& thread : threads)
                must(::pthread_create(&thread, nullptr, end_at_once, nullptr) == 0, "thread");
            for (const auto thread : threads)
                ::pthread_join(thread, nullptr);
            return Daemonizer<TestType, Wires>{}.run(serve);
        });
        REQUIRE(outcome.err == "");
        REQUIRE(outcome.status == 0);
        REQUIRE(scene.dismiss(scene.pid()) == 0);
    }
}

TEST_CASE("without a fork any number of threads will do", "[threads]") {
    Scene scene;
    const auto outcome = scene.run([] {
        pthread_t thread;
        must(::pthread_create(&thread, nullptr, wait_at_gate, nullptr) == 0, "thread");
        return Daemonizer<NoFork, Wires>{}.run([] { return 5; });
    });
    CHECK(outcome.status == 5);
    CHECK(outcome.err == "");
}

TEST_CASE("a daemon may start threads", "[threads]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<Wires>{}.run([] {
            pthread_t thread;
            must(::pthread_create(&thread, nullptr, wait_at_gate, nullptr) == 0, "thread");
            tell_pid();
            ::pthread_join(thread, nullptr);
            return 6;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.dismiss(scene.pid()) == 6);
}
