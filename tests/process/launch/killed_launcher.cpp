// SPDX-License-Identifier: BSL-1.0
// A launcher that is killed while its intermediate runs on its memory.
#include "launch.hpp"

#include <sys/prctl.h>

using namespace daemonizer;
using namespace launch;

namespace {

pid_t launcher;
const volatile pid_t* thread_id; // where libc keeps it

/// Kills the launcher between its two forks.
struct KillingIntermediate : PosixHost {
    static auto new_session() -> pid_t {
        ::kill(launcher, SIGKILL);
        while (::getppid() == launcher)
            ::usleep(1000);
        tell("thread " + std::to_string(*thread_id));
        return PosixHost::new_session();
    }
};

} // namespace

// Since glibc 2.41 fork(3) goes by that number: the daemon would wait for one of libc's locks for
// ever. The kernel sets the number to 0 where the thread dies and others share the memory.
TEST_CASE("the intermediate of a killed launcher has libc's number of the thread", "[cancelled]") {
    if (!PosixHost::shares_memory)
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t starter = scene.begin([&] {
        launcher = ::getpid();
        pid_t* word = nullptr;
        if (::prctl(PR_GET_TID_ADDRESS, &word) != 0 || word == nullptr || *word != launcher) {
            tell("thread unknown");
            return 77;
        }
        thread_id = word;
        return Daemonizer{KillingIntermediate{}, PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    const std::string thread = scene.fact("thread");
    if (thread == "unknown") {
        WARN("skipped: the kernel does not say where libc keeps the thread's number");
        return;
    }
    CHECK(thread == std::to_string(starter));
    CHECK(scene.end_of(starter) == -SIGKILL);
    CHECK(scene.nobody_stays());
    CHECK(scene.names() == "");
}

TEST_CASE("start() leaves libc's word alone where the kernel does not tell it", "[cancelled]") {
    struct SilentHost : PosixHost {
        static auto thread_id_word(pid_t*&) -> int { return -EINVAL; }
        static void set_thread_id_word(pid_t*) { ::_exit(7); }
    };
    Scene scene;
    const auto outcome = scene.run([&] {
        auto result = Daemonizer{SilentHost{}, Wires{}}.start();
        if (result && !result->is_launcher())
            result->ready();
        return result ? 0 : 1;
    });
    CHECK(outcome.status == 0);
    CHECK(scene.nobody_stays());
}

TEST_CASE("after start() the kernel has libc's word for the thread again", "[cancelled]") {
    Scene scene;
    const bool succeeds = GENERATE(true, false);
    const auto outcome = scene.run([&] {
        pid_t *before = nullptr, *after = nullptr;
        if (::prctl(PR_GET_TID_ADDRESS, &before) != 0)
            return 77;
        auto result = Daemonizer<DoubleFork, Wires>{}.start();
        if (result && !result->is_launcher())
            return succeeds ? (result->ready(), 0) : result->fail(3, "as it should");
        ::prctl(PR_GET_TID_ADDRESS, &after);
        return before == after && bool{result} == succeeds ? 0 : 1;
    });
    if (outcome.status == 77) {
        WARN("skipped: the kernel does not say where libc keeps the thread's number");
        return;
    }
    CHECK(outcome.status == 0);
}
