// SPDX-License-Identifier: BSL-1.0
// HandoffFork: the daemon has the launcher's own memory, and the launcher is gone. What it does
// with it at length is tests/handoff's; that it starts as the others do is in all the files beside
// this.
#include "kernel.hpp"

#include <fstream>
#include <sys/mman.h>
#include <sys/resource.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// Says why where a hand-off is not to be expected.
auto cannot_hand_over() -> bool {
#if DAEMONIZER_CAN_HAND_OVER
    detail::ThreadIdentity identity;
    if (PosixHost::shares_memory && detail::can_hand_over(identity))
        return false;
#endif
    WARN("skipped: no memory is handed over here");
    return true;
}

/// A field of /proc/self/status, "VmLck".
auto status_field(const std::string& name) -> std::string {
    std::ifstream status{"/proc/self/status"};
    for (std::string line; std::getline(status, line);)
        if (line.rfind(name + ":", 0) == 0)
            return line.substr(line.find_first_not_of(": \t", name.size()));
    return "";
}

auto faults() -> long {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    return usage.ru_minflt;
}

constexpr std::size_t page = 4096, pages = 4096;

} // namespace

TEST_CASE("HandoffFork hands the memory over, locked and marked as it was", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const auto outcome = scene.run([] {
        const auto map = [](std::size_t size) {
            return static_cast<char*>(
                ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        };
        char* const locked = map(page);
        must(::mlock(locked, page) == 0, "mlock");
        char* const own = map(page); // a fork would leave it behind
        must(::madvise(own, page, MADV_DONTFORK) == 0, "madvise");
        *own = 'o';
        char* const large = map(page * pages);
        std::memset(large, 'l', page * pages);
        return Daemonizer<HandoffFork, Wires>{}.run([=](auto& daemon) {
            tell(std::string{"handed over "} + (daemon.handed_over() ? "yes" : "no"));
            tell("locked " + status_field("VmLck"));
            tell(std::string{"own "} + *own);
            const long before = faults();
            for (std::size_t i = 0; i != pages; ++i)
                large[i * page] = 'd';
            const long after = faults();
            tell("faults " + std::to_string(after - before));
            return serve(daemon);
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.fact("handed over") == "yes");
    CHECK(scene.fact("locked") == "4 kB");
    CHECK(scene.fact("own") == "o");
    CHECK(scene.number("faults") < 16);
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEST_CASE("start() with HandoffFork returns in the daemon alone", "[handoff]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool fails = GENERATE(false, true);
    const auto outcome = scene.run([&] {
        auto running = Daemonizer{HandoffFork{}, PidFile{path.c_str()}, Wires{}}.start();
        tell("returned");
        if (!running || running->is_launcher())
            return 50;
        if (fails)
            return running->fail(3, "no configuration");
        serve(*running);
        return 0;
    });
    CHECK(outcome.status == (fails ? 3 : 0));
    CHECK(outcome.err == (fails ? line("daemon: not ready: no configuration") : ""));
    scene.fact("returned");
    if (!fails)
        CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(scene.heard() == ""); // it returned once
    CHECK(scene.names() == "");
    CHECK(scene.strays() == "");
}

TEST_CASE("in check HandoffFork's launcher still returns", "[handoff]") {
    Scene scene;
    const auto outcome = scene.run([] {
        auto running = Daemonizer<HandoffFork, PidFile<"/missing/x.pid">>{}.start();
        if (!running)
            tell(std::string{"error "} + running.error().step());
        return running ? 0 : 7;
    });
    CHECK(outcome.status == 7);
    CHECK(scene.fact("error") == "pid file");
}

TEST_CASE("a text that the daemon has freed is still the launcher's", "[handoff]") {
    Scene scene;
    const std::string path = scene.path(std::string(100, 'p'));
    const pid_t launcher = scene.begin([&] {
        auto* const in_the_heap = new std::string{path};
        return Daemonizer{HandoffFork{}, PidFile{in_the_heap->c_str()}, Wires{}}.run([&](auto&) {
            in_the_heap->assign(path.size(), 'x'); // against the contract, at the worst moment
            program_invocation_short_name = nullptr;
            tell_pid();
            await_gate();
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGKILL);
    const auto outcome = scene.outcome_of(launcher);
    CHECK(outcome.status == 128 + SIGKILL);
    CHECK(outcome.err == line("daemon: killed before it was ready: Killed, signal 9"));
    CHECK(scene.names() == "");
}

TEST_CASE("a daemon can hand its memory over once more", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<HandoffFork, Wires>{}.run([](auto& first) {
            const pid_t launcher = ::getppid();
            first.ready();
            while (::getppid() == launcher) // its stack is in use until then
                ::sched_yield();
            return Daemonizer<HandoffFork, Wires>{}.run([](auto& second) {
                tell(std::string{"second "} + (second.handed_over() ? "yes" : "no"));
                return serve(second);
            });
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("second") == "yes");
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEST_CASE("as long as the first launcher is there it forks", "[handoff]") {
    if (cannot_hand_over())
        return;
    Scene scene;
    const pid_t launcher = scene.begin([] {
        return Daemonizer<HandoffFork, Wires>{}.run([](auto& first) {
            const auto outcome = Daemonizer<HandoffFork, Wires>{}.run([](auto& second) {
                tell(std::string{"second "} + (second.handed_over() ? "yes" : "no"));
                return serve(second);
            });
            first.ready();
            return outcome;
        });
    });
    CHECK(scene.fact("second") == "no");
    scene.let_go();
    scene.end_of(launcher);
}
