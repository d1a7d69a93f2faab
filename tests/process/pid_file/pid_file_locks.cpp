// SPDX-License-Identifier: BSL-1.0
// What others may rely on: who holds which byte, which mode the file has, and when it is gone.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// Who would hinder a write lock on `byte`: 0 nobody, -1 an OFD lock, else a process.
auto holder(const std::string& path, int command, off_t byte) -> pid_t {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(fd >= 0);
    struct flock range {};
    range.l_type = F_WRLCK;
    range.l_whence = SEEK_SET;
    range.l_start = byte;
    range.l_len = 1;
    REQUIRE(::fcntl(fd, command, &range) == 0);
    ::close(fd);
    return range.l_type == F_UNLCK ? 0 : range.l_pid;
}

template <class Body>
auto start(Scene& scene, const std::string& path, Body body) -> pid_t {
    const Outcome outcome = scene.run([&] {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(body);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    return scene.pid();
}

} // namespace

TEMPLATE_TEST_CASE("byte 0 is locked for the file, byte 1 by the daemon itself", "[locks]", NoFork,
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    const pid_t daemon = scene.pid();
    if (TestType::detaches)
        CHECK(scene.end_of(launcher) == 0);
    for (int probe = 0; probe != 2; ++probe) { // probing does not take
        CHECK(holder(path, F_OFD_GETLK, 0) == -1);
        CHECK(holder(path, F_GETLK, 0) == -1);
        CHECK(holder(path, F_GETLK, 1) == daemon);
        CHECK(holder(path, F_OFD_GETLK, 1) == daemon);
        CHECK(holder(path, F_GETLK, 2) == 0);
    }
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("byte 0 is held while the launcher waits, byte 1 once the number is written", "[locks]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            await_gate();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(holder(path, F_OFD_GETLK, 0) == -1);
    CHECK(holder(path, F_GETLK, 1) == daemon);
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    const Outcome second = scene.run([&] {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    CHECK(second.status == 1);
    CHECK(second.err ==
          line("pid file: " + path + ": already running, pid " + std::to_string(daemon)));
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("the pid file's mode is exact, whatever the umask and the file there was", "[locks]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const mode_t mask = GENERATE(0U, 077U, 0777U);
    const mode_t mode = GENERATE(0644U, 0600U, 0640U);
    if (GENERATE(true, false)) {
        write_text(path, "1234567\n");
        REQUIRE(::chmod(path.c_str(), 0666) == 0);
    }
    const Outcome outcome = scene.run([&] {
        ::umask(mask);
        return Daemonizer{PidFile{path.c_str(), mode}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == mode);
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEST_CASE("the pid file is removed when the daemon ends", "[locks]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    SECTION("by return") { CHECK(scene.dismiss(start(scene, path, serve)) == 0); }
    SECTION("by exit()") {
        const auto body = [](auto& daemon) -> int {
            serve(daemon);
            std::exit(9);
        };
        CHECK(scene.dismiss(start(scene, path, body)) == 9);
    }
    SECTION("by exit() in a function that atexit calls") {
        const auto body = [](auto& daemon) -> int {
            std::atexit([] { ::_exit(8); });
            serve(daemon);
            std::exit(9);
        };
        const pid_t daemon = start(scene, path, body);
        CHECK(scene.dismiss(daemon) == 8);
        CHECK(text_of(path) == std::to_string(daemon) + '\n'); // nobody was asked: stale
        ::unlink(path.c_str());
    }
    SECTION("by a signal, which it dies of") {
        const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
        const pid_t daemon = start(scene, path, serve);
        ::kill(daemon, signal);
        CHECK(scene.end_of(daemon) == -signal);
    }
    CHECK(scene.names() == "");
}

TEST_CASE("a signal that the starter ignored stays ignored with KeepSignals", "[locks]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Outcome outcome = scene.run([&] {
        ::signal(SIGHUP, SIG_IGN);
        return Daemonizer{PidFile{path.c_str()}, KeepSignals{}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGHUP);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("another instance's pid file is not removed", "[locks]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t older = start(scene, path, serve);
    ::unlink(path.c_str());
    const pid_t newer = start(scene, path, [](auto& daemon) {
        tell_pid();
        daemon.ready();
        return ::pause(); // not at the gate, so that only the older is let go
    });
    SECTION("on return") { CHECK(scene.dismiss(older) == 0); }
    SECTION("on a signal") {
        ::kill(older, SIGTERM);
        CHECK(scene.end_of(older) == -SIGTERM);
    }
    CHECK(text_of(path) == std::to_string(newer) + '\n');
    CHECK(holder(path, F_GETLK, 1) == newer);
    ::kill(newer, SIGTERM);
    CHECK(scene.end_of(newer) == -SIGTERM);
    CHECK(scene.names() == "");
}

TEST_CASE("a stranger's file in its place is not removed", "[locks]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start(scene, path, serve);
    SECTION("a file") {
        ::unlink(path.c_str());
        write_text(path, "precious");
        CHECK(scene.dismiss(daemon) == 0);
        CHECK(text_of(path) == "precious");
    }
    SECTION("a link to it") {
        std::filesystem::rename(path, scene.path("moved"));
        std::filesystem::create_symlink(scene.path("moved"), path);
        CHECK(scene.dismiss(daemon) == 0);
        CHECK(scene.names() == "moved x.pid");
        CHECK(text_of(path) == ""); // our own file, wherever it is, is emptied
    }
    SECTION("nothing") {
        ::unlink(path.c_str());
        CHECK(scene.dismiss(daemon) == 0);
        CHECK(scene.names() == "");
    }
}

TEST_CASE("a pid file that may no longer be unlinked is emptied", "[locks]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool killed = GENERATE(true, false);
    const pid_t daemon = start(scene, path, [&](auto& self) {
        become(stranger());
        return serve(self);
    });
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    if (killed) {
        ::kill(daemon, SIGTERM);
        CHECK(scene.end_of(daemon) == -SIGTERM);
    } else {
        CHECK(scene.dismiss(daemon) == 0);
    }
    CHECK(scene.names() == "x.pid");
    CHECK(text_of(path) == "");
}
