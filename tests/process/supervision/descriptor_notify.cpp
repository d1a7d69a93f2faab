// SPDX-License-Identifier: BSL-1.0
// DescriptorNotify: a newline and the end, or nobody.
#include "supervision/manager.hpp"

#include <daemonizer/control.hpp>

using namespace daemonizer;
using namespace launch;

namespace {

struct Pipe {
    int read_end = -1, write_end = -1;

    Pipe() {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        read_end = ends[0];
        write_end = ends[1];
    }
    Pipe(const Pipe&) = delete;
    auto operator=(const Pipe&) -> Pipe& = delete;
    ~Pipe() {
        close(read_end);
        close(write_end);
    }
    static void close(int& fd) {
        if (fd >= 0)
            ::close(fd);
        fd = -1;
    }
    /// What was written, up to the end: this end alone must be open by then.
    auto rest() -> std::string {
        close(write_end);
        std::string text;
        char piece[4096];
        for (ssize_t size; (size = ::read(read_end, piece, sizeof piece)) > 0;)
            text.append(piece, static_cast<std::size_t>(size));
        return text;
    }
};

} // namespace

TEMPLATE_TEST_CASE("a newline at ready, then the end", "[descriptor notify]", NoFork, SingleFork,
                   DoubleFork, HandoffFork) {
    Scene scene;
    Pipe pipe;
    const bool is_socket = GENERATE(false, true);
    int pair[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    const pid_t starter = scene.begin([&] {
        forget_supervisors();
        ::dup2(is_socket ? pair[1] : pipe.write_end, 9);
        ::close(pipe.write_end);
        ::close(pair[1]);
        return Daemonizer<TestType, DescriptorNotify<9>, Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            const pid_t worker = ::fork();
            if (worker == 0) {
                daemon.ready(); // for nobody
                ::_exit(0);
            }
            ::waitpid(worker, nullptr, 0);
            daemon.ready();
            if (::fcntl(9, F_GETFD) >= 0)
                tell("still open");
            await_gate();
            return 0;
        });
    });
    ::close(pair[1]);
    const pid_t daemon = scene.pid();
    Pipe::close(pipe.write_end);
    pollfd entry{is_socket ? pair[0] : pipe.read_end, POLLIN, 0};
    CHECK(::poll(&entry, 1, 0) == 0); // nothing before ready
    scene.let_go();
    if (starter != daemon)
        CHECK(scene.end_of(starter) == 0);
    if (is_socket) {
        char text[8]{};
        CHECK(::read(pair[0], text, sizeof text) == 1);
        CHECK(text[0] == '\n');
        CHECK(::read(pair[0], text, sizeof text) == 0);
    } else {
        CHECK(pipe.rest() == "\n"); // the daemon still runs: it has closed its end
    }
    ::close(pair[0]);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.heard() == "");
    CHECK(scene.err() == "");
}

TEST_CASE("a start that fails closes the descriptor without a newline", "[descriptor notify]") {
    Scene scene;
    Pipe pipe;
    const auto outcome = scene.run([&] {
        ::dup2(pipe.write_end, 9);
        return Daemonizer{DescriptorNotify{9}, Wires{}}.run(
            [](auto& daemon) { return daemon.fail(3, "no configuration"); });
    });
    check_refused(scene, outcome, 3, "daemon: not ready: no configuration");
    CHECK(pipe.rest() == "");
}

TEST_CASE("AutoFork takes an open pipe or socket for a supervisor", "[descriptor notify]") {
    Scene scene;
    Pipe pipe;
    const auto said = [&](int fd) {
        scene.run([&] {
            forget_supervisors();
            ::dup2(pipe.write_end, 9);
            ::dup2(::open("/dev/null", O_WRONLY), 10);
            return Daemonizer{AutoFork{}, DescriptorNotify{fd}, Wires{}}.run([](auto& daemon) {
                tell(std::string{"is "} + (daemon.supervised() ? "supervised" : "alone"));
            });
        });
        return scene.fact("is");
    };
    CHECK(said(9) == "supervised");
    CHECK(said(10) == "alone");
    CHECK(said(99) == "alone");
    CHECK(said(-1) == "alone");
}

TEST_CASE("a number that is nobody's is a line on stderr, and -1 is none", "[descriptor notify]") {
    Scene scene;
    const auto said = [&](int fd) {
        const auto outcome = scene.run([&] {
            forget_supervisors();
            ::dup2(::open("/dev/null", O_RDONLY), 9);
            return Daemonizer{NoFork{}, KeepStdio{}, DescriptorNotify{fd}, Wires{}}.run(
                [] { return 7; });
        });
        CHECK(outcome.status == 7);
        return outcome.err;
    };
    CHECK(said(-1) == "");
    CHECK(said(98) == line("notify: descriptor: Bad file descriptor"));
    CHECK(said(9) == line("notify: descriptor: Bad file descriptor")); // is read-only
    for (const int fd : {-2, 0, 1, 2})
        CHECK(said(fd) == line("notify: descriptor: Invalid argument"));
}

TEMPLATE_TEST_CASE("a number that is closed is not that of a file which the start opens",
                   "[descriptor notify]", NoFork, DoubleFork, HandoffFork, AutoFork) {
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("x.log");
    Manager manager{scene.path("notify")};
    const bool is_told = GENERATE(false, true);
    for (int fd = 3; fd != 9; ++fd) {
        const pid_t starter = scene.begin([&] {
            forget_supervisors();
            if (is_told)
                ::setenv("NOTIFY_SOCKET", manager.name(), 1);
            ::close_range(3, facts - 1, 0);
            return Daemonizer{TestType{},           PidFile{path.c_str()}, LogStdio{log.c_str()},
                              DescriptorNotify{fd}, SystemdNotify{},       Wires{}}
                .run(serve);
        });
        INFO("descriptor " << fd);
        const pid_t daemon = scene.pid();
        if (starter != daemon)
            CHECK(scene.end_of(starter) == 0);
        CHECK(scene.err() == line("notify: descriptor: Bad file descriptor"));
        CHECK(status(Daemonizer{PidFile{path.c_str()}}).pid == daemon);
        CHECK(scene.dismiss(daemon) == 0);
        CHECK_FALSE(exists(path));
        CHECK(text_of(log) == "");
    }
}

TEST_CASE("a supervisor that has gone, or never reads, ends no daemon", "[descriptor notify]") {
    Scene scene;
    Pipe pipe;
    const bool gone = GENERATE(true, false);
    if (!gone) {
        ::fcntl(pipe.write_end, F_SETFL, O_NONBLOCK);
        while (::write(pipe.write_end, "x", 1) == 1) {
        }
        ::fcntl(pipe.write_end, F_SETFL, 0);
    }
    const auto outcome = scene.run(
        [&] {
            forget_supervisors();
            ::dup2(pipe.write_end, 9);
            if (gone)
                await_gate();
            ::close(pipe.read_end);
            return Daemonizer<NoFork, DescriptorNotify<9>, Wires>{}.run([] { return 7; });
        },
        [&] {
            if (gone) {
                Pipe::close(pipe.read_end);
                scene.let_go();
            }
        });
    CHECK(outcome.status == 7);
}
