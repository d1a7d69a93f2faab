// SPDX-License-Identifier: BSL-1.0
// As long as a launcher keeps its copy of the memory, each page that the daemon writes is copied:
// the launcher of run(), which never returns to the program, gives the large pieces back.
#include "launch.hpp"

#include <sys/mman.h>

using namespace daemonizer;
using namespace launch;

namespace {

constexpr std::size_t megabyte = 1 << 20, large = 64 * megabyte;

/// Memory that was written: from mmap, and from the heap in many small pieces.
struct Load {
    char* mapped;
    std::vector<std::string> small;
};
auto take_memory() -> Load {
    Load load;
    load.mapped = static_cast<char*>(
        ::mmap(nullptr, large, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    std::memset(load.mapped, 'x', large);
    for (std::size_t i = 0; i != large / 4096; ++i)
        load.small.emplace_back(4000, 'x');
    return load;
}

/// Megabytes that are resident; 0 for a process that has gone.
auto resident(pid_t pid) -> long {
    std::istringstream statm{text_of("/proc/" + std::to_string(pid) + "/statm")};
    long all = 0, pages = 0;
    statm >> all >> pages;
    return pages * 4096 / static_cast<long>(megabyte);
}

/// Says why.
auto launcher_keeps_its_memory() -> bool {
#if DAEMONIZER_HAS_RAW_CALLS
    if (PosixHost::shares_memory && detail::knows_who_uses_memory())
        return false;
#endif
    WARN("skipped: the launcher keeps its memory under sanitizers, instrumentation, valgrind and "
         "on this machine");
    return true;
}

} // namespace

TEMPLATE_TEST_CASE("the launcher of run() lets go of the memory it waits without",
                   "[launcher memory]", SingleFork, DoubleFork) {
    if (launcher_keeps_its_memory())
        return;
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        const Load load = take_memory();
        return Daemonizer{TestType{}, Wires{}}.run([&](auto& daemon) {
            tell_pid();
            await_gate();
            const bool whole = load.mapped[large - 1] == 'x' && load.small.back()[0] == 'x';
            daemon.ready();
            return whole ? 0 : 1;
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.until([&] { return resident(launcher) < 32; }));
    CHECK(resident(daemon) > 100);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("a launcher without its memory still reports, and undoes", "[launcher memory]") {
    Scene scene;
    const std::string path = scene.path(std::string(200, 'p'));
    const bool killed = GENERATE(false, true);
    const pid_t launcher = scene.begin([&] {
        const Load load = take_memory();
        // Both texts are in what is given back. The name as programs have it that rewrite theirs.
        char* const path_there = std::strcpy(load.mapped + 32 * megabyte, path.c_str());
        char* const name_there = load.mapped + 33 * megabyte;
        name_there[60] = '\0';
        std::memset(name_there, 'n', 60);
        program_invocation_short_name = name_there;
        return Daemonizer{PidFile{path_there}, Wires{}}.run([&](auto& daemon) {
            tell_pid();
            await_gate();
            return daemon.fail(3, "no configuration");
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(exists(path));
    if (!launcher_keeps_its_memory())
        CHECK(scene.until([&] { return resident(launcher) < 32; }));
    if (killed)
        ::kill(daemon, SIGKILL);
    else
        scene.let_go();
    const auto outcome = scene.outcome_of(launcher);
    CHECK(outcome.status == (killed ? 128 + SIGKILL : 3));
    CHECK(outcome.err == std::string(60, 'n') +
                             (killed ? ": daemon: killed before it was ready: Killed, signal 9\n"
                                     : ": daemon: not ready: no configuration\n"));
    CHECK(scene.names() == "");
    CHECK(scene.strays() == "");
}

TEST_CASE("what holds a text that is too long to be copied stays", "[launcher memory]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        const Load load = take_memory();
        load.mapped[large - 1] = '\0'; // all of it is the name
        program_invocation_short_name = load.mapped;
        return Daemonizer<Wires>{}.run([&](auto& daemon) {
            ::usleep(200'000); // until the launcher has given back what it can
            return daemon.fail(3, "no configuration");
        });
    });
    CHECK(outcome.status == 3);
    CHECK(outcome.err.substr(0, 600) == std::string(600, 'x')); // as much as a line has room for
}

TEST_CASE("the stack that the launcher runs on stays", "[launcher memory]") {
    if (detail::is_under_valgrind()) {
        WARN("skipped: valgrind takes 4 MB on the stack for another stack");
        return;
    }
    Scene scene;
    const auto outcome = scene.run([&] {
        const Load load = take_memory();
        char deep[4 * megabyte]; // large enough to be given back
        std::memset(deep, 'd', sizeof deep);
        asm volatile("" : : "r"(deep) : "memory");
        return Daemonizer<Wires>{}.run([&](auto& daemon) {
            ::usleep(200'000);
            return daemon.fail(deep[megabyte] == 'd' ? 3 : 4, "no configuration");
        });
    });
    CHECK(outcome.status == 3);
    CHECK(outcome.err == line("daemon: not ready: no configuration"));
}

namespace {

/// A policy of somebody's own whose state has memory elsewhere, and who says nothing about it.
struct Remembers {
    struct slot : own_slot {
        static constexpr const char* name = "remembers";
    };
    struct state {
        std::string path;
    };
    struct Remember : undoable_step<phase::check> {
        static constexpr const char* name = "remembers";
        static auto run(const auto& start, const auto& policy) -> bool {
            start.state(policy).path.assign(2 * megabyte, 'r');
            return true;
        }
        static void undo(auto, const auto&, auto& state) {
            tell(state.path == std::string(2 * megabyte, 'r') ? "remembered" : "forgotten");
        }
        static void drop_launcher_copy(auto, const auto&, auto&) {}
    };
    using steps = step_list<Remember>;
};

} // namespace

TEMPLATE_TEST_CASE("a launcher keeps its memory for a state that is not only its bytes",
                   "[launcher memory]", SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const auto outcome = scene.run([&] {
        const Load load = take_memory();
        return Daemonizer<TestType, Remembers, Wires>{}.run([&](auto& daemon) {
            ::usleep(200'000);
            ::raise(SIGKILL);
            daemon.ready();
        });
    });
    CHECK(outcome.status == 128 + SIGKILL);
    CHECK(outcome.err == line("daemon: killed before it was ready: Killed, signal 9"));
    scene.fact("remembered");
}

TEST_CASE("the launcher of start() keeps its memory", "[launcher memory]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        const Load load = take_memory();
        auto result = Daemonizer<Wires>{}.start();
        if (!result)
            return 1;
        if (result->is_launcher())
            return load.mapped[large - 1] == 'x' && load.small.back()[0] == 'x' ? 0 : 2;
        result->ready();
        return 0;
    });
    CHECK(outcome.status == 0);
}

#if DAEMONIZER_HAS_RAW_CALLS
TEST_CASE("memory is given back that is in one mapping with the thread's own variables",
          "[launcher memory]") {
    if (launcher_keeps_its_memory())
        return;
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        detail::MapReader reader;
        detail::Mapping own{};
        char* memory = nullptr;
        for (const char c : text_of("/proc/self/maps"))
            if (reader.take(c, own) && own.has(&errno))
                memory = static_cast<char*>(
                    ::mmap(reinterpret_cast<void*>(own.from - large), large, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0));
        if (memory == nullptr || memory == MAP_FAILED) {
            tell("pid 0");
            return 0;
        }
        std::memset(memory, 'x', large);
        return Daemonizer<Wires>{}.run([&](auto& daemon) {
            tell_pid();
            await_gate();
            const bool whole = memory[0] == 'x' && memory[large - 1] == 'x';
            daemon.ready();
            return whole ? 0 : 1;
        });
    });
    const pid_t daemon = scene.pid();
    if (daemon == 0) {
        WARN("skipped: something else is below the thread's own variables");
        return;
    }
    CHECK(scene.until([&] { return resident(launcher) < 32; }));
    CHECK(resident(daemon) >= 64);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == 0);
}
#endif
