// SPDX-License-Identifier: BSL-1.0
// The pid files of one process: several of them, its own asked about or started again, and
// libraries that come and go.
#include "control.hpp"

#include <csignal>

using namespace daemonizer;
using namespace launch;

namespace {

auto count_descriptors() -> long {
    const std::filesystem::directory_iterator all{"/proc/self/fd"};
    return std::distance(begin(all), end(all));
}

/// What another shared object sees: its own variable, in which no start was ever entered.
void become_another_object() { detail::pid_files_of_this_process = {}; }

} // namespace

TEST_CASE("the own pid file, asked about and started again", "[own]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool elsewhere = GENERATE(true, false);
    const pid_t daemon = start_daemon(scene, path, [&](auto& self) {
        tell_pid();
        if (elsewhere)
            become_another_object();
        const long before = count_descriptors();
        tell("itself " + words_of(status(path.c_str())));
        tell("alive " + words_of(signal(path.c_str(), 0)));
        const auto begun = std::chrono::steady_clock::now();
        const auto second = Daemonizer{NoFork{}, PidFile{path.c_str()}, KeepStdio{}}.start();
        const bool at_once = std::chrono::steady_clock::now() - begun < patience;
        tell("second " + std::string{second || !at_once ? "starts" : second.error().text()});
        tell("leaked " + std::to_string(count_descriptors() - before));
        self.ready();
        return self.wait() == SIGTERM ? 0 : 1;
    });
    const std::string pid = std::to_string(daemon);
    CHECK(scene.fact("itself") == "running " + pid);
    CHECK(scene.fact("alive") == "done " + pid);
    CHECK(scene.fact("second") == path + ": already running, pid " + pid);
    CHECK(scene.fact("leaked") == "0");
    CHECK(words_of(status(path.c_str())) == "running " + pid);
    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("a worker that asks about its daemon's file takes nothing from it", "[own]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, [&](auto& self) {
        tell_pid();
        const pid_t worker = ::fork();
        if (worker == 0) {
            become_another_object();
            tell("worker " + words_of(status(path.c_str())));
            ::_exit(0);
        }
        ::waitpid(worker, nullptr, 0);
        self.ready();
        return self.wait() == SIGTERM ? 0 : 1;
    });
    CHECK(scene.fact("worker") == "running " + std::to_string(daemon));
    CHECK(words_of(status(path.c_str())) == "running " + std::to_string(daemon));
    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("two pid files of one process are both locked, and both go", "[own]") {
    Scene scene;
    const std::string a = scene.path("a.pid"), b = scene.path("b.pid");
    enum class end { by_return, by_exit, by_signal };
    const end how = GENERATE(end::by_return, end::by_exit, end::by_signal);
    const pid_t daemon = scene.begin([&] {
        return Daemonizer{NoFork{}, PidFile{a.c_str()}, KeepStdio{}, Wires{}}.run([&] {
            return Daemonizer{NoFork{}, PidFile{b.c_str()}, KeepStdio{}, Wires{}}.run([&] {
                tell_pid();
                await_gate();
                if (how == end::by_exit)
                    std::exit(3);
                if (how == end::by_signal)
                    ::raise(SIGTERM);
                return 3;
            });
        });
    });
    CHECK(scene.pid() == daemon);
    CHECK(words_of(status(a.c_str())) == "running " + std::to_string(daemon));
    CHECK(words_of(status(b.c_str())) == "running " + std::to_string(daemon));
    CHECK(scene.dismiss(daemon) == (how == end::by_signal ? -SIGTERM : 3));
    CHECK(scene.names() == "");
}

TEST_CASE("what a library has installed goes with it", "[own]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    // dlclose() calls what the library has told atexit(), as exit() does; afterwards its handler is
    // no code any more.
    static const auto told = [] {
        std::string state;
        for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
            struct sigaction now;
            ::sigaction(signal, nullptr, &now);
            state += now.sa_handler == SIG_DFL   ? " default"
                     : now.sa_handler == SIG_IGN ? " ignored"
                                                 : " handled";
        }
        tell("dispositions" + state);
    };
    const pid_t process = scene.begin([&]() -> int {
        ::signal(SIGHUP, SIG_IGN);
        std::atexit(told);
        const int status =
            Daemonizer{NoFork{}, KeepStdio{}, KeepSignals{}, PidFile{path.c_str()}, Wires{}}.run(
                [] { return 5; });
        told();
        std::exit(status);
    });
    CHECK(scene.fact("dispositions") == "handled handled ignored");
    CHECK(scene.fact("dispositions") == "default default ignored");
    CHECK(scene.end_of(process) == 5);
}
