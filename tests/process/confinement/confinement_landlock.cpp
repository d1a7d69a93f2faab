// SPDX-License-Identifier: BSL-1.0
// Landlock in real daemons: what is forbidden, what still works, and kernels that have less.
//
// Its paths are template arguments; /proc/self/cwd stands for the scene's directory, where the
// daemons of these tests stand.
#include "kernel.hpp"

#include <arpa/inet.h>
#include <sys/un.h>

using namespace daemonizer;
using namespace launch;

namespace {

auto abi() -> int { return PosixHost::landlock_abi(); }

auto cannot_confine(int least = 1) -> bool {
    if (abi() >= least)
        return false;
    WARN("skipped: Landlock of ABI " << least << " is not to be had here (" << abi() << ")");
    return true;
}

/// "ok", or why not.
auto outcome_of(bool good) -> std::string { return good ? "ok" : std::strerror(errno); }

auto try_open(const std::string& path, int flags) -> std::string {
    const int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
    const std::string outcome = outcome_of(fd >= 0);
    ::close(fd);
    return outcome;
}
auto try_bind(std::uint16_t port) -> std::string {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
    const std::string outcome =
        outcome_of(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
    return outcome;
}
auto try_connect(std::uint16_t port) -> std::string {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address{AF_INET, htons(port), {htonl(INADDR_LOOPBACK)}, {}};
    const std::string outcome =
        outcome_of(::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    ::close(fd);
    return outcome;
}
auto try_exec(const char* path) -> std::string {
    const pid_t child = ::fork();
    if (child == 0) {
        ::execl(path, path, nullptr);
        ::_exit(errno == EACCES ? 77 : 78);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return std::to_string(code_of(status));
}

using Confined =
    Landlock<ReadOnly<"/proc/self/cwd/read", "/etc/passwd">, ReadWrite<"/proc/self/cwd/write">>;

/// Makes the directories that `Confined` names and one that it does not, and stands beside them.
void lay_out(const std::string& directory, uid_t owner = ::geteuid()) {
    must(::chdir(directory.c_str()) == 0, "chdir");
    for (const char* const name : {"read", "write", "other"}) {
        must(::mkdir(name, 0755) == 0 && ::chown(name, owner, ::getegid()) == 0, name);
        const std::string file = std::string{name} + "/file";
        write_text(file, "text");
        must(::chown(file.c_str(), owner, ::getegid()) == 0, name);
    }
    must(::chown(".", owner, ::getegid()) == 0, "directory");
}

constexpr auto no_body = [](auto& daemon) {
    tell("body");
    daemon.ready();
    return 0;
};

} // namespace

TEST_CASE("Landlock: only what is named can be used", "[confinement]") {
    if (cannot_confine(3))
        return;
    const bool as_another = GENERATE(false, true);
    if (as_another && cannot_become_another())
        return;
    const uid_t user = as_another ? stranger() : ::geteuid();
    Scene scene;
    const Outcome outcome = scene.run([&] {
        lay_out(scene.directory(), user);
        if (as_another)
            become(user);
        return Daemonizer{Confined{}, KeepDirectory{}, Wires{}}.run([](auto& daemon) {
            tell("read " + try_open("read/file", O_RDONLY));
            tell("list " + try_open("read", O_RDONLY | O_DIRECTORY));
            tell("write-read-only " + try_open("read/file", O_WRONLY));
            tell("make-read-only " + try_open("read/new", O_WRONLY | O_CREAT));
            tell("a-file " + try_open("/etc/passwd", O_RDONLY));
            tell("beside-it " + try_open("/etc/group", O_RDONLY));
            tell("write " + try_open("write/file", O_RDWR | O_TRUNC));
            tell("make " + try_open("write/new", O_WRONLY | O_CREAT));
            tell("mkdir " + outcome_of(::mkdir("write/below", 0700) == 0));
            tell("refer " + outcome_of(::rename("write/new", "write/below/new") == 0));
            tell("unlink " + outcome_of(::unlink("write/below/new") == 0));
            tell("rmdir " + outcome_of(::rmdir("write/below") == 0));
            tell("fifo " + outcome_of(::mkfifo("write/fifo", 0600) == 0));
            tell("device " + outcome_of(::mknod("write/device", S_IFCHR | 0600, 0x103) == 0));
            tell("other " + try_open("other/file", O_RDONLY));
            tell("other-rename " + outcome_of(::rename("write/file", "other/new") == 0));
            tell("other-unlink " + outcome_of(::unlink("other/file") == 0));
            tell("truncate " + outcome_of(::truncate("other/file", 0) == 0));
            tell("status " + text_of("/proc/self/status")); // not named, so not read
            daemon.ready();
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.fact("read") == "ok");
    CHECK(scene.fact("list") == "ok");
    CHECK(scene.fact("write-read-only") == "Permission denied");
    CHECK(scene.fact("make-read-only") == "Permission denied");
    CHECK(scene.fact("a-file") == "ok");
    CHECK(scene.fact("beside-it") == "Permission denied");
    CHECK(scene.fact("write") == "ok");
    CHECK(scene.fact("make") == "ok");
    CHECK(scene.fact("mkdir") == "ok");
    CHECK(scene.fact("refer") == "ok");
    CHECK(scene.fact("unlink") == "ok");
    CHECK(scene.fact("rmdir") == "ok");
    CHECK(scene.fact("fifo") == "ok");
    CHECK(scene.fact("device") != "ok");
    CHECK(scene.fact("other") == "Permission denied");
    CHECK(scene.fact("other-rename") != "ok");
    CHECK(scene.fact("other-unlink") == "Permission denied");
    CHECK(scene.fact("truncate") == "Permission denied");
    CHECK(scene.fact("status") == "");
    CHECK(names_in(scene.path("other")) == "file");
    CHECK(text_of(scene.path("other/file")) == "text");
}

TEST_CASE("Landlock: programs are executed only where Execute says so", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    CHECK(scene
              .run([] {
                  return Daemonizer{Landlock<ReadOnly<"/">>{}, Wires{}}.run([](auto& daemon) {
                      tell("exec " + try_exec("/bin/true"));
                      daemon.ready();
                      return 0;
                  });
              })
              .status == 0);
    CHECK(scene.fact("exec") == "77");
    CHECK(scene
              .run([] {
                  return Daemonizer{Landlock<Execute<"/">>{}, Wires{}}.run([](auto& daemon) {
                      tell("exec " + try_exec("/bin/true"));
                      daemon.ready();
                      return 0;
                  });
              })
              .status == 0);
    CHECK(scene.fact("exec") == "0");
}

TEST_CASE("Landlock: ports that are not named can neither be bound nor connected to",
          "[confinement]") {
    if (cannot_confine(4))
        return;
    Scene scene;
    const auto start = [&](auto policy) {
        const Outcome outcome = scene.run([&] {
            return Daemonizer{policy, Wires{}}.run([](auto& daemon) {
                tell("bind " + try_bind(44999));
                tell("bind-other " + try_bind(44998));
                tell("connect " + try_connect(1));
                tell("connect-other " + try_connect(2));
                daemon.ready();
                return 0;
            });
        });
        CHECK(outcome.status == 0);
    };
    start(Landlock<BindTcp<44999>, ConnectTcp<1>>{});
    CHECK(scene.fact("bind") != "Permission denied"); // it may be in use
    CHECK(scene.fact("bind-other") == "Permission denied");
    CHECK(scene.fact("connect") != "Permission denied"); // but refused, very likely
    CHECK(scene.fact("connect-other") == "Permission denied");

    start(Landlock<ReadOnly<"/usr">, AnyTcp>{});
    for (const char* const attempt : {"bind", "bind-other", "connect", "connect-other"})
        CHECK(scene.fact(attempt) != "Permission denied");

    start(Landlock<ReadOnly<"/usr">>{});
    CHECK(scene.fact("bind") == "Permission denied");
    CHECK(scene.fact("connect") == "Permission denied");
}

TEST_CASE("Landlock: signals and abstract sockets of others are out of reach", "[confinement]") {
    if (cannot_confine(6))
        return;
    Scene scene;
    const int listener = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{AF_UNIX, {}};
    const auto size = static_cast<socklen_t>(sizeof(sa_family_t));
    REQUIRE(::bind(listener, reinterpret_cast<sockaddr*>(&address), size) == 0); // a name is chosen
    REQUIRE(::listen(listener, 5) == 0);
    socklen_t length = sizeof address;
    REQUIRE(::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length) == 0);
    const pid_t outside = ::getpid();
    const auto start = [&](auto policy) {
        const Outcome outcome = scene.run([&] {
            return Daemonizer{policy, Wires{}}.run([&](auto& daemon) {
                tell("outside " + outcome_of(::kill(outside, 0) == 0));
                tell("itself " + outcome_of(::kill(::getpid(), 0) == 0));
                const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
                tell("abstract " +
                     outcome_of(::connect(fd, reinterpret_cast<sockaddr*>(&address), length) == 0));
                daemon.ready();
                return 0;
            });
        });
        CHECK(outcome.status == 0);
    };
    start(Landlock<ReadOnly<"/usr">>{});
    CHECK(scene.fact("outside") == "Operation not permitted");
    CHECK(scene.fact("itself") == "ok");
    CHECK(scene.fact("abstract") == "Operation not permitted");
    start(Landlock<ReadOnly<"/usr">, AnySignal, AnyAbstractSocket>{});
    CHECK(scene.fact("outside") == "ok");
    CHECK(scene.fact("abstract") == "ok");
    ::close(listener);
}

TEST_CASE("Landlock: log, pid file and end of a confined daemon", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    const std::string pid = scene.path("x.pid"), log = scene.path("x.log");
    const auto body = [](auto& daemon) {
        std::printf("served\n");
        std::fflush(stdout);
        tell_pid();
        daemon.ready();
        await_gate();
        tell(std::string{"reopened "} + (daemon.reopen() ? "ok" : "no"));
        return 7;
    };
    SECTION("the pid file is emptied, where its directory may not be written") {
        const Outcome outcome = scene.run([&] {
            return Daemonizer{Landlock<ReadOnly<"/usr">>{}, PidFile{pid.c_str()},
                              LogStdio{log.c_str()}, SignalFd<SIGTERM>{}, Wires{}}
                .run(body);
        });
        CHECK(outcome.status == 0);
        const pid_t daemon = scene.pid();
        CHECK(text_of(pid) == std::to_string(daemon) + "\n");
        CHECK(scene.dismiss(daemon) == 7);
        CHECK(scene.fact("reopened") == "no");
        CHECK(exists(pid));
        CHECK(text_of(pid) == "");
        CHECK(text_of(log).rfind("served\n", 0) == 0);
        CHECK(text_of(log).find("reopen: Permission denied") != std::string::npos);
    }
    SECTION("removed, and the log opened anew, where it may") {
        const Outcome outcome = scene.run([&] {
            must(::chdir(scene.directory().c_str()) == 0, "chdir");
            return Daemonizer{Landlock<ReadWrite<"/proc/self/cwd">>{}, PidFile{pid.c_str()},
                              LogStdio{log.c_str()}, KeepDirectory{}, Wires{}}
                .run(body);
        });
        CHECK(outcome.status == 0);
        CHECK(scene.dismiss(scene.pid()) == 7);
        CHECK(scene.fact("reopened") == "ok");
        CHECK_FALSE(exists(pid));
    }
    SECTION("emptied by a signal that nobody collects") {
        const Outcome outcome = scene.run([&] {
            return Daemonizer{Landlock<ReadOnly<"/usr">>{}, PidFile{pid.c_str()},
                              LogStdio{log.c_str()}, Wires{}}
                .run(body);
        });
        CHECK(outcome.status == 0);
        const pid_t daemon = scene.pid();
        ::kill(daemon, SIGTERM);
        CHECK(scene.end_of(daemon) == -SIGTERM);
        CHECK(text_of(pid) == "");
    }
    CHECK(scene.strays() == "");
}

TEST_CASE("Landlock: every way to detach, and none", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    const auto start = [&](auto fork) {
        const Outcome outcome = scene.run([&] {
            return Daemonizer{fork, Landlock<ReadOnly<"/usr">>{}, Wires{}}.run([](auto& daemon) {
                tell("open " + try_open("/etc/passwd", O_RDONLY));
                daemon.ready();
                return 0;
            });
        });
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "");
        CHECK(scene.fact("open") == "Permission denied");
    };
    start(NoFork{});
    start(SingleFork{});
    start(DoubleFork{});
    start(HandoffFork{});
}

TEST_CASE("Landlock: the launcher is not confined", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    const Outcome outcome = scene.run([] {
        auto result = Daemonizer{Landlock<ReadOnly<"/usr">>{}, Wires{}}.start();
        must(static_cast<bool>(result), "start");
        if (result->is_launcher()) {
            tell("launcher " + try_open("/etc/passwd", O_RDONLY));
            return 0;
        }
        tell("daemon " + try_open("/etc/passwd", O_RDONLY));
        result->ready();
        return 0;
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("launcher") == "ok");
    CHECK(scene.fact("daemon") == "Permission denied");
}

TEST_CASE("Landlock: a path that cannot be opened ends the start", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    const std::string pid = scene.path("x.pid");
    check_refused(scene, scene.run([&] {
        return Daemonizer{Landlock<ReadOnly<"/usr", "/no/such/directory">>{}, PidFile{pid.c_str()},
                          Wires{}}
            .run(no_body);
    }),
                  1, "Landlock: /no/such/directory: No such file or directory");
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");

    CHECK(scene
              .run([&] {
                  return Daemonizer{
                      Landlock<ReadOnly<"/usr">, IfExists<ReadWrite<"/no/such/directory">>>{},
                      Wires{}}
                      .run(no_body);
              })
              .status == 0);
}

TEST_CASE("Landlock: a directory that the dropped user cannot reach", "[confinement]") {
    if (cannot_confine() || cannot_become_another())
        return;
    Scene scene;
    check_refused(scene, scene.run([&] {
        must(::chdir(scene.directory().c_str()) == 0 && ::mkdir("closed", 0700) == 0 &&
                 ::mkdir("closed/in", 0755) == 0,
             "directories");
        become(stranger());
        return Daemonizer{Landlock<ReadOnly<"/proc/self/cwd/closed/in">>{}, KeepDirectory{},
                          Wires{}}
            .run(no_body);
    }),
                  1, "Landlock: /proc/self/cwd/closed/in: Permission denied");
}

TEST_CASE("Landlock: kernels that have none", "[confinement]") {
    if (cannot_confine() || cannot_filter())
        return;
    struct Row {
        int error;
        const char* said;
    };
    const auto row = GENERATE(values<Row>({
        {ENOSYS, "has no Landlock"},
        {EOPNOTSUPP, "has Landlock switched off (lsm= at its boot)"},
        {EPERM, "lets nobody here use Landlock"},
        {0, "has no Landlock"}, // a filter that lies
    }));
    INFO("errno " << row.error);
    Scene scene;
    check_refused(scene, scene.run([&] {
        deny(444, row.error);
        return Daemonizer{Landlock<ReadOnly<"/usr">, Required>{}, Wires{}}.run(no_body);
    }),
                  1, std::string{"Landlock: kernel: "} + row.said);
    CHECK(scene.heard() == "");
    const Outcome outcome = scene.run([&] {
        deny(444, row.error);
        return Daemonizer{Landlock<ReadOnly<"/usr">>{}, Wires{}}.run(no_body);
    });
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
    CHECK(scene.fact("body") == "");
}

TEST_CASE("Landlock: calls that fail, or say that all is well and do nothing", "[confinement]") {
    if (cannot_confine() || cannot_filter())
        return;
    struct Row {
        int number, error;
        const char* said;
    };
    const auto row = GENERATE(values<Row>({
        {445, ENOMEM, "Landlock: /usr: Cannot allocate memory"},
        {446, E2BIG,
         "Landlock: kernel: takes no more Landlock policies, one in the other"}, // 16 layers
        {446, 0, "Landlock: restrict: what was forbidden is still allowed"},
    }));
    Scene scene;
    const std::string pid = scene.path("x.pid");
    check_refused(scene, scene.run([&] {
        deny(row.number, row.error);
        return Daemonizer{Landlock<ReadOnly<"/usr">>{}, PidFile{pid.c_str()}, Wires{}}.run(no_body);
    }),
                  1, row.said);
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
}

TEST_CASE("Landlock: within a confinement that is there already", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    CHECK(scene
              .run([] {
                  return Daemonizer{NoFork{}, Landlock<ReadOnly<"/usr", "/etc">>{}, Wires{}}.run(
                      [] {
                          // Opens /dev/null no more: stdio stays.
                          return Daemonizer{Landlock<ReadOnly<"/etc">>{}, KeepStdio{}, Wires{}}.run(
                              [](auto& daemon) {
                                  tell("etc " + try_open("/etc/passwd", O_RDONLY));
                                  tell("usr " + try_open("/usr", O_RDONLY));
                                  daemon.ready();
                                  return 0;
                              });
                      });
              })
              .status == 0);
    CHECK(scene.fact("etc") == "ok");
    CHECK(scene.fact("usr") == "Permission denied");
}

TEST_CASE("Landlock: within more confinements than the kernel takes", "[confinement]") {
    if (cannot_confine())
        return;
    Scene scene;
    check_refused(scene, scene.run([] {
        const Daemonizer confined{NoFork{}, Landlock<ReadOnly<"/">>{}, KeepStdio{}, Wires{}};
        for (int i = 0; i != 16; ++i) {
            auto once = confined.start();
            if (!once)
                return 9;
            once->ready();
        }
        return confined.run(serve);
    }),
                  1, "Landlock: kernel: takes no more Landlock policies, one in the other");
}

TEST_CASE("Landlock: in a user namespace, and no_new_privs is set", "[confinement]") {
    if (cannot_confine() ||
        cannot("a user namespace", [] { must(::unshare(CLONE_NEWUSER) == 0, "unshare"); }))
        return;
    Scene scene;
    const Outcome outcome = scene.run([] {
        must(::unshare(CLONE_NEWUSER) == 0, "unshare");
        return Daemonizer{Landlock<ReadOnly<"/proc">>{}, Wires{}}.run([](auto& daemon) {
            const std::string status = text_of("/proc/self/status");
            const auto place = status.find("NoNewPrivs:");
            tell("privileges " + status.substr(place, status.find('\n', place) - place));
            tell("open " + try_open("/etc/passwd", O_RDONLY));
            daemon.ready();
            return 0;
        });
    });
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
    CHECK(scene.fact("privileges") == "NoNewPrivs:\t1");
    CHECK(scene.fact("open") == "Permission denied");
}
