// SPDX-License-Identifier: BSL-1.0
// ListenSockets: what is passed, and each variable wrong in its way.
#include "supervision/manager.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// Two sockets as 3 and 4, as a manager passes them; a null leaves a variable out.
void pass(const char* fds, const char* names, const char* process = nullptr) {
    forget_supervisors();
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) != 0)
        ::_exit(97);
    const int low = ::fcntl(ends[0], F_DUPFD, 100), high = ::fcntl(ends[1], F_DUPFD, 100);
    ::close_range(3, 99, 0);
    ::dup2(low, 3);
    ::dup2(high, 4);
    ::close(low);
    ::close(high);
    const std::string own = std::to_string(::getpid());
    set_variable("LISTEN_PID", process == nullptr ? own.c_str() : process);
    set_variable("LISTEN_FDS", fds);
    set_variable("LISTEN_FDNAMES", names);
}

constexpr auto tell_sockets = [](auto& daemon) {
    std::string all = std::to_string(daemon.sockets().size());
    for (const PassedSocket& passed : daemon.sockets()) {
        all += ' ' + std::to_string(passed.fd) + '=' + passed.name;
        if (::fcntl(passed.fd, F_GETFD) != FD_CLOEXEC)
            all += " not close-on-exec";
    }
    all += " a=" + std::to_string(daemon.socket("a"));
    for (const char* const name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        if (std::getenv(name) != nullptr)
            all += std::string{" still "} + name;
    tell("sockets " + all);
    return 0;
};

} // namespace

TEMPLATE_TEST_CASE("sockets that are passed reach the daemon", "[sockets]", NoFork, DoubleFork,
                   HandoffFork, AutoFork) {
    Scene scene;
    int starts = 0;
    const auto said = [&](const char* fds, const char* names, const char* process = nullptr) {
        const std::string path =
            scene.path(std::to_string(++starts)); // the last may still be there
        scene.run([&] {
            pass(fds, names, process);
            return Daemonizer{TestType{}, ListenSockets{}, PidFile{path.c_str()},
                              CleanEnvironment<>{}, Wires{}}
                .run([](auto& daemon) {
                    daemon.ready();
                    return tell_sockets(daemon);
                });
        });
        return scene.fact("sockets");
    };
    CHECK(said("2", "a:b") == "2 3=a 4=b a=3");
    CHECK(said("2", "b:a") == "2 3=b 4=a a=4");
    CHECK(said("2", ":a") == "2 3= 4=a a=4");
    CHECK(said("2", nullptr) == "2 3=unknown 4=unknown a=-1");
    CHECK(said("1", "") == "1 3= a=-1");
    CHECK(said("2", "a:b", "1") == "0 a=-1");
    CHECK(said(nullptr, "a:b") == "0 a=-1");
}

TEMPLATE_TEST_CASE("variables that make no sense are said, and no daemon is started", "[sockets]",
                   NoFork, DoubleFork, AutoFork) {
    struct Case {
        const char *process, *fds, *names, *said;
    };
    for (const Case& given : {Case{"x", "2", "a:b", "LISTEN_PID: Invalid argument"},
                              Case{"", "2", "a:b", "LISTEN_PID: Invalid argument"},
                              Case{nullptr, "0", "", "LISTEN_FDS: Invalid argument"},
                              Case{nullptr, "-1", "", "LISTEN_FDS: Invalid argument"},
                              Case{nullptr, "2x", "a:b", "LISTEN_FDS: Invalid argument"},
                              Case{nullptr, "99999999999", "a", "LISTEN_FDS: Invalid argument"},
                              // Not even the pid file is taken for the third of them.
                              Case{nullptr, "3", "a:b:c", "LISTEN_FDS: Bad file descriptor"},
                              Case{nullptr, "100000", "a", "LISTEN_FDS: Bad file descriptor"},
                              Case{nullptr, "2", "a", "LISTEN_FDNAMES: Invalid argument"},
                              Case{nullptr, "2", "a:b:c", "LISTEN_FDNAMES: Invalid argument"}}) {
        Scene scene;
        const std::string path = scene.path("x.pid");
        const auto outcome = scene.run([&] {
            pass(given.fds, given.names, given.process);
            return Daemonizer{TestType{}, ListenSockets{}, PidFile{path.c_str()}, Wires{}}.run(
                tell_sockets);
        });
        check_refused(scene, outcome, 1, std::string{"sockets: "} + given.said);
        CHECK(scene.names() == "");
        CHECK(scene.heard() == "");
    }
}

TEST_CASE("no descriptor of an upgrade's is taken for one that is missing", "[sockets]") {
    Scene scene;
    const bool forks = GENERATE(false, true);
    const auto outcome = scene.run([&] {
        pass("3", "a:b:c");
        const auto start = [](auto service) { return service.run(tell_sockets); };
        using Signals = SignalFd<SIGTERM, SIGUSR2>;
        return forks ? start(Daemonizer<ListenSockets, Signals, Upgrade<SIGUSR2>, Wires>{})
                     : start(Daemonizer<NoFork, ListenSockets, Signals, Upgrade<SIGUSR2>, Wires>{});
    });
    check_refused(scene, outcome, 1, "sockets: LISTEN_FDS: Bad file descriptor");
    CHECK(scene.heard() == "");
}

TEST_CASE("what is passed need not be a socket", "[sockets]") {
    Scene scene;
    scene.run([] {
        pass("2", "a:b");
        ::dup2(::open("/dev/null", O_RDONLY), 4);
        return Daemonizer<NoFork, ListenSockets, Wires>{}.run(tell_sockets);
    });
    CHECK(scene.fact("sockets") == "2 3=a 4=b a=3");
}

TEST_CASE("LISTEN_PIDFDID of another process makes the sockets its own", "[sockets]") {
    const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, ::getpid(), 0));
    struct stat status {};
    if (pidfd < 0 || ::fstat(pidfd, &status) != 0 || status.st_ino < 1000) {
        WARN("skipped: this kernel numbers no pidfds");
        return;
    }
    ::close(pidfd);
    Scene scene;
    scene.run([&] {
        pass("2", "a:b");
        set_variable("LISTEN_PIDFDID", std::to_string(status.st_ino).c_str()); // of the test
        return Daemonizer<NoFork, ListenSockets, Wires>{}.run(tell_sockets);
    });
    CHECK(scene.fact("sockets") == "0 a=-1");
}
