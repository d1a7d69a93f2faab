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

} // namespace

TEMPLATE_TEST_CASE("the launcher of run() lets go of the memory it waits without",
                   "[launcher memory]", SingleFork, DoubleFork) {
    if (!PosixHost::shares_memory || DAEMONIZER_HAS_RAW_CALLS == 0 || detail::is_under_valgrind()) {
        WARN("skipped: the launcher keeps its memory under sanitizers, valgrind and on this "
             "machine");
        return;
    }
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
        const std::string in_the_heap = path;
        std::string name(60, 'n'); // as programs that rewrite their title have it
        program_invocation_short_name = name.data();
        return Daemonizer{PidFile{in_the_heap.c_str()}, Wires{}}.run([&](auto& daemon) {
            tell_pid();
            await_gate();
            return daemon.fail(3, "no configuration");
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(exists(path));
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

TEST_CASE("what of a map is the program's own memory", "[launcher memory]") {
    detail::OwnMappings mappings;
    const auto size = [&](const std::string& line) {
        detail::Mapping found;
        for (const char c : line)
            REQUIRE(!mappings.take(c, found));
        return mappings.take('\n', found) ? found.size() : 0;
    };
    CHECK(size("7f0000001000-7f0000003000 rw-p 00000000 00:00 0 ") == 0x2000);
    CHECK(size("7f0000001000-7f0000003000 rw-p 00000000 00:00 0") == 0x2000);
    CHECK(size("5569aa000000-5569aa0ff000 rw-p 00000000 00:00 0                [heap]") == 0xff000);
    CHECK(size("7f0000001000-7f0000003000 rw-p 00000000 00:00 0    [anon:large]") == 0x2000);
    CHECK(size("7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0    [stack]") == 0x21000);
    CHECK(size("7f0000001000-7f0000003000 rw-s 00000000 00:01 1024 /dev/zero (deleted)") == 0);
    CHECK(size("7f0000001000-7f0000003000 r--p 00000000 00:00 0 ") == 0);
    CHECK(size("7f0000001000-7f0000003000 rw-p 00004000 fd:00 12 /usr/lib/libc.so.6") == 0);
    CHECK(size("7f0000001000-7f0000003000 ---p 00000000 00:00 0 ") == 0);
    CHECK(size("") == 0);
    CHECK(size("7f0000001000-7f0000003000 rw-p 00000000 00:00 0 ") == 0x2000);
}
