// SPDX-License-Identifier: BSL-1.0
// A starter whose descriptors 0-2 are closed: nothing that the library opens lands there.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// What descriptors 0-2 are, each by its name in /proc.
auto stdio() -> std::string {
    std::string all;
    for (int fd = 0; fd != 3; ++fd) {
        char name[4096];
        const ssize_t size =
            ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), name, sizeof name);
        all +=
            (fd == 0 ? "" : " ") +
            (size < 0 ? std::string{"closed"} : std::string(name, static_cast<std::size_t>(size)));
    }
    return all;
}

void close_some(int which) {
    for (int fd = 0; fd != 3; ++fd)
        if ((which & (1 << fd)) != 0)
            ::close(fd);
}

/// What 0-2 are in a daemon with that stdio policy, and that all the rest of it works.
template <class Fork = DoubleFork, class Stdio>
auto stdio_of_daemon(Scene& scene, int closed, Stdio stdio_policy) -> std::string {
    const std::string pid_file = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        close_some(closed);
        tell("given " + stdio());
        return Daemonizer{Fork{},
                          stdio_policy,
                          PidFile{pid_file.c_str()},
                          Syslog<"closed">{},
                          SignalFd<SIGTERM>{},
                          Wires{}}
            .run([](auto& daemon) {
                daemon.ready();
                daemon.log(LOG_INFO, "to the log");
                for (int fd = 0; fd != 3; ++fd)
                    if (::write(fd, "output\n", 7) != 7)
                        continue; // read-only, closed, nobody reads: all the same
                tell("stdio " + stdio());
                tell_pid();
                return daemon.wait() == SIGTERM ? 0 : 1;
            });
    });
    if (Fork::detaches)
        CHECK(scene.end_of(launcher) == 0);
    const std::string result = scene.fact("stdio");
    const pid_t daemon = scene.pid();
    CHECK(text_of(pid_file) == std::to_string(daemon) + '\n');
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
    CHECK_FALSE(exists(pid_file));
    return result;
}

} // namespace

TEMPLATE_TEST_CASE("with any of 0-2 closed the daemon's are what its policy says", "[closed]",
                   NoFork, SingleFork, DoubleFork, HandoffFork) {
    const int closed = GENERATE(range(0, 8));
    INFO("closed: " << closed);
    Scene scene;
    const std::string null = "/dev/null", in = scene.path("in"), out = scene.path("out"),
                      err = scene.path("err");
    SECTION("NullStdio") {
        CHECK(stdio_of_daemon<TestType>(scene, closed, NullStdio{}) ==
              null + ' ' + null + ' ' + null);
    }
    SECTION("LogStdio") {
        CHECK(stdio_of_daemon<TestType>(scene, closed, LogStdio{out.c_str()}) ==
              null + ' ' + out + ' ' + out);
        CHECK(text_of(out) == "output\noutput\n");
    }
    SECTION("FileStdio") {
        write_text(in, "input\n");
        CHECK(stdio_of_daemon<TestType>(scene, closed,
                                        FileStdio{in.c_str(), out.c_str(), err.c_str()}) ==
              in + ' ' + out + ' ' + err);
        CHECK(text_of(in) == "input\n");
        CHECK(text_of(out) == "output\n");
        CHECK(text_of(err) == "output\n");
    }
    SECTION("KeepStdio") {
        const std::string now = stdio_of_daemon<TestType>(scene, closed, KeepStdio{});
        std::istringstream is{now}, was{scene.fact("given")};
        for (std::string a, b; was >> a && is >> b;) {
            if (a == "closed")
                CHECK((b == "closed" || b == null));
            else
                CHECK(b == a);
        }
    }
}

TEST_CASE("with any of 0-2 closed a failure has its status and spoils no file", "[closed]") {
    const int closed = GENERATE(range(1, 8));
    INFO("closed: " << closed);
    Scene scene;
    const std::string pid = scene.path("x.pid"), log = scene.path("x.log");
    Outcome outcome;
    SECTION("before ready") {
        outcome = scene.run([&] {
            close_some(closed);
            return Daemonizer{PidFile{pid.c_str()}, LogStdio{log.c_str()}, Wires{}}.run(
                [](auto& daemon) { return daemon.fail(3, "no configuration"); });
        });
        CHECK(outcome.status == 3);
        CHECK(outcome.err ==
              ((closed & 4) != 0 ? "" : line("daemon: not ready: no configuration")));
    }
    SECTION("of a step in the launcher, which has opened descriptors by then") {
        outcome = scene.run([&] {
            close_some(closed);
            must(::chdir(scene.directory().c_str()) == 0, "chdir");
            return Daemonizer{LogStdio{"x.log"}, PidFile{"missing/x.pid"}, Wires{}}.run(serve);
        });
        CHECK(outcome.status == 1);
        CHECK(
            outcome.err ==
            ((closed & 4) != 0 ? "" : line("pid file: missing/x.pid: No such file or directory")));
    }
    CHECK(text_of(log) == "");
    CHECK_FALSE(exists(pid));
    CHECK(scene.strays() == "");
}
