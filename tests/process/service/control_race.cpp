// SPDX-License-Identifier: BSL-1.0
// Many who start, stop and ask at the same time: each is told the truth, and the end is consistent.
#include "control.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

auto service(const std::string& pid_file) {
    return Daemonizer{PidFile{pid_file.c_str()}, SignalFd<SIGTERM, SIGHUP>{}, KeepStdio{}};
}

constexpr auto quiet = [](auto& daemon) {
    daemon.ready();
    while (daemon.wait() != SIGTERM) {
    }
    return 0;
};

/// Stops for the test once the pid file names the daemon, so that it can be signalled.
struct PausedWhenNamed : PosixHost {
    static auto lock(int fd, int command, struct flock& range) -> int {
        const int locked = PosixHost::lock(fd, command, range);
        if (command == F_SETLK) {
            tell("named");
            await_gate();
        }
        return locked;
    }
};

/// A start made by a process that goes on: its outcome.
auto start(const std::string& pid_file) -> int {
    const pid_t launcher = ::fork();
    if (launcher == 0)
        ::_exit(service(pid_file).run(quiet));
    int how = 0;
    must(::waitpid(launcher, &how, 0) == launcher, "waitpid");
    return code_of(how);
}

/// `count` children that do `work(i)`, let go together; each must end with 0.
template <class Work>
void together(Scene& scene, int count, Work work) {
    std::vector<pid_t> children;
    for (int i = 0; i != count; ++i)
        children.push_back(scene.begin([&] {
            await_gate();
            return work(i);
        }));
    for (int i = 0; i != count; ++i)
        scene.let_go();
    for (const pid_t child : children)
        CHECK(scene.end_of(child) == 0);
}

void expect(bool good, const std::string& what) {
    if (!good)
        throw std::runtime_error{"not expected: " + what};
}

} // namespace

TEST_CASE("ten stop one daemon: all are told that it is gone, or was", "[control]") {
    for (int round = 0; round != 10; ++round) {
        Scene scene;
        const std::string path = scene.path("x.pid");
        const pid_t daemon = start_daemon(scene, path, obey);
        together(scene, 10, [&](int) {
            const ControlResult result = stop(path.c_str());
            expect(result.what == outcome::done || result.what == outcome::not_running,
                   words_of(result));
            const ServiceStatus after = status(path.c_str());
            expect(after.what == state::stopped, words_of(after));
            return 0;
        });
        CHECK(scene.err() == "");
        CHECK(scene.end_of(daemon) == 0);
        CHECK(scene.names() == "");
    }
}

TEST_CASE("ten start, stop and ask at the same time", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    together(scene, 10, [&](int i) {
        for (int round = 0; round != 30; ++round) {
            switch ((i + round) % 3) {
            case 0: { // a stop from another may end it before it is ready
                const int begun = start(path);
                expect(begun == 0 || begun == 1 || begun == 128 + SIGTERM, std::to_string(begun));
                break;
            }
            case 1: {
                const ControlResult result = stop(path.c_str());
                expect(result.what == outcome::done || result.what == outcome::not_running ||
                           result.code == EAGAIN,
                       words_of(result));
                break;
            }
            default:
                const ServiceStatus now = status(path.c_str());
                expect(now.what == state::running || now.what == state::stopped ||
                           now.what == state::starting,
                       words_of(now));
            }
        }
        return 0;
    });
    const std::string said = scene.err();
    std::istringstream lines{said};
    for (std::string line; std::getline(lines, line);) {
        INFO(line);
        const auto says = [&](const char* text) { return line.find(text) != std::string::npos; };
        CHECK((says(": already running, pid ") ||
               says(": killed before it was ready: Terminated, signal 15") ||
               // A stop has come while the launcher had no processor for 200 ms.
               says(": not ready, the launcher is silent, and a signal came: ") ||
               says(": ended before it was ready: exit status 1")));
    }

    const ServiceStatus last = status(path.c_str());
    INFO(words_of(last));
    if (last.what == state::running) {
        CHECK(text_of(path) == std::to_string(last.pid) + '\n');
        CHECK(stop(path.c_str()));
    }
    CHECK(words_of(status(path.c_str())) == "stopped");
    CHECK(scene.names() == "");
    CHECK(scene.run([&] { return start(path); }).status == 0);
    CHECK(stop(path.c_str()));
    CHECK(scene.nobody_stays());
}

TEMPLATE_TEST_CASE("a signal that comes while the daemon starts is collected later", "[control]",
                   (SignalFd<SIGTERM, SIGHUP>), (SignalFlag<SIGTERM, SIGHUP>)) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{PausedWhenNamed{}, PidFile{path.c_str()}, TestType{}, Wires{}}.run(obey);
    });
    scene.fact("named");
    CHECK(reload(path.c_str()));
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.err() == "");
    CHECK(scene.number("signal") == SIGHUP);
    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(scene.pid()) == 0);
}
