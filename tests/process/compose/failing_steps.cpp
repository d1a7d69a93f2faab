// SPDX-License-Identifier: BSL-1.0
// Steps that the system really refuses: one line with step and reason, and nothing left.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

void check_no_start(Scene& scene, const Outcome& outcome, const std::string& line) {
    check_refused(scene, outcome, 1, line);
    CHECK(scene.heard() == "");
    CHECK(scene.names() == "");
}

/// A start after which the directory is told, seen from within the starter's mounts.
template <class Start>
auto run_and_list(const std::string& directory, Start start) -> int {
    const pid_t launcher = ::fork();
    if (launcher == 0)
        ::_exit(start());
    int status = 0;
    ::waitpid(launcher, &status, 0);
    tell("left " + names_in(directory));
    return code_of(status);
}

} // namespace

TEST_CASE("a pid file in a missing directory", "[steps]") {
    Scene scene;
    const std::string path = scene.path("missing/x.pid");
    check_no_start(scene, scene.run([&] {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve);
    }),
                   "pid file: " + path + ": No such file or directory");
}

TEST_CASE("a log in a missing directory", "[steps]") {
    Scene scene;
    const std::string pid = scene.path("x.pid"), log = scene.path("missing/x.log");
    check_no_start(scene, scene.run([&] {
        return Daemonizer{PidFile{pid.c_str()}, LogStdio{log.c_str()}, Wires{}}.run(serve);
    }),
                   "stdio: " + log + ": No such file or directory");
}

TEST_CASE("directories that another user may not use", "[steps]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string open = scene.path("open"), closed = scene.path("closed");
    std::filesystem::create_directory(open);
    std::filesystem::create_directory(closed);
    const auto start_as_another = [&](const std::string& pid, const std::string& log) {
        return scene.run([&] {
            std::filesystem::permissions(open, std::filesystem::perms::all);
            become(stranger());
            return Daemonizer{PidFile{pid.c_str()}, LogStdio{log.c_str()}, Wires{}}.run(serve);
        });
    };
    SECTION("an unwritable one, for the log") {
        const std::string log = closed + "/x.log";
        check_refused(scene, start_as_another(open + "/x.pid", log), 1,
                      "stdio: " + log + ": Permission denied");
    }
    SECTION("an unwritable one, for the pid file") {
        const std::string pid = closed + "/x.pid";
        check_refused(scene, start_as_another(pid, open + "/x.log"), 1,
                      "pid file: " + pid + ": Permission denied");
    }
    SECTION("one that cannot be searched") {
        std::filesystem::permissions(closed, std::filesystem::perms::none);
        const std::string pid = closed + "/x.pid";
        check_refused(scene, start_as_another(pid, open + "/x.log"), 1,
                      "pid file: " + pid + ": Permission denied");
    }
    CHECK(names_in(open) == "");
    CHECK(names_in(closed) == "");
}

TEST_CASE("a working directory", "[steps]") {
    Scene scene;
    const std::string pid = scene.path("x.pid");
    const auto start_in = [&](const char* directory) {
        return scene.run([&] {
            return Daemonizer{PidFile{pid.c_str()}, WorkingDirectory{directory}, Wires{}}.run(
                serve);
        });
    };
    SECTION("that is missing") {
        const std::string missing = scene.path("missing");
        check_no_start(scene, start_in(missing.c_str()),
                       "directory: " + missing + ": No such file or directory");
    }
    SECTION("that is a file") {
        check_no_start(scene, start_in("/dev/null"), "directory: /dev/null: Not a directory");
    }
    SECTION("without a name") { check_no_start(scene, start_in(""), "directory: path: is empty"); }
    SECTION("that is no text") {
        check_no_start(scene, start_in(nullptr), "directory: path: is empty");
    }
}

TEST_CASE("too few descriptors: a start works, or says which step has none", "[steps]") {
    const auto can = [] {
        const rlimit few{3, 3};
        must(::setrlimit(RLIMIT_NOFILE, &few) == 0, "RLIMIT_NOFILE");
    };
    if (cannot("a limit of three descriptors", can)) // valgrind needs some for itself
        return;
    for (rlim_t limit = 3; limit != 16; ++limit) {
        Scene scene;
        const std::string path = scene.path("x.pid"), log = scene.path("x.log");
        const Outcome outcome = scene.run([&] {
            const rlimit few{limit, limit};
            must(::setrlimit(RLIMIT_NOFILE, &few) == 0, "RLIMIT_NOFILE");
            return Daemonizer{PidFile{path.c_str()}, LogStdio{log.c_str()}, Syslog<"x">{},
                              SignalFd<SIGTERM>{}, KeepDescriptors{}}
                .run(serve);
        });
        INFO("RLIMIT_NOFILE " << limit);
        if (outcome.status == 0) {
            CHECK(outcome.err == "");
            CHECK(scene.dismiss(scene.pid()) == 0);
            continue;
        }
        CHECK(limit < 12);
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find(": Too many open files\n") == outcome.err.find('\n') - 21);
        CHECK(std::count(outcome.err.begin(), outcome.err.end(), '\n') == 1);
        CHECK(scene.strays() == "");
        CHECK_FALSE(exists(path));
    }
}

TEST_CASE("a user whose processes are used up", "[steps]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string own = scene.path("own"), pid = own + "/x.pid";
    std::filesystem::create_directory(own);
    const auto start_with = [&](rlim_t processes) {
        return scene.run([&] {
            std::filesystem::permissions(own, std::filesystem::perms::all);
            become(stranger());
            const rlimit few{processes, processes};
            must(::setrlimit(RLIMIT_NPROC, &few) == 0, "RLIMIT_NPROC");
            return Daemonizer{PidFile{pid.c_str()}, Wires{}}.run(serve);
        });
    };
    SECTION("by the first fork") {
        check_refused(scene, start_with(1), 1,
                      "fork: the launcher's: Resource temporarily unavailable");
    }
    SECTION("by the second fork") {
        check_refused(scene, start_with(2), 1,
                      "fork: the intermediate's: Resource temporarily unavailable");
    }
    CHECK(names_in(own) == "");
}

TEST_CASE("system calls that a sandbox refuses", "[steps]") {
    if (cannot_filter())
        return;
    Scene scene;
    const std::string pid = scene.path("x.pid");
    const auto start_without = [&](long call, int error) {
        return scene.run([&] {
            deny(call, error);
            return Daemonizer{PidFile{pid.c_str()}, SignalFd<SIGTERM>{}, Wires{}}.run(serve);
        });
    };
    SECTION("socketpair") {
        check_no_start(scene, start_without(SYS_socketpair, ENFILE),
                       "report: socketpair: Too many open files in system");
    }
    SECTION("setsid") {
        check_no_start(scene, start_without(SYS_setsid, EPERM),
                       "setsid: new session: Operation not permitted");
    }
    SECTION("chdir") {
        check_no_start(scene, start_without(SYS_chdir, EIO), "directory: /: Input/output error");
    }
    SECTION("fchmod") {
        check_no_start(scene, start_without(SYS_fchmod, EPERM),
                       "pid file: " + pid + ": Operation not permitted");
    }
    SECTION("ftruncate") {
        check_no_start(scene, start_without(SYS_ftruncate, EIO),
                       "pid file: " + pid + ": Input/output error");
    }
    SECTION("fcntl") {
        check_no_start(scene, start_without(SYS_fcntl, ENOLCK),
                       "pid file: " + pid + ": No locks available");
    }
    SECTION("pwrite") {
        check_no_start(scene, start_without(SYS_pwrite64, EIO),
                       "pid file: " + pid + ": Input/output error");
    }
    SECTION("signalfd") {
        check_no_start(scene, start_without(SYS_signalfd4, ENOSYS),
                       "signals: signalfd: Function not implemented");
    }
    SECTION("dup3 and dup2") {
        check_no_start(scene, scene.run([&] {
            deny(SYS_dup3, EBUSY);
#ifdef SYS_dup2
            deny(SYS_dup2, EBUSY);
#endif
            return Daemonizer{PidFile{pid.c_str()}, Wires{}}.run(serve);
        }),
                       "stdio: stdin: Device or resource busy");
    }
}

TEST_CASE("a file system that takes no pid file", "[steps]") {
    if (cannot_mount())
        return;
    Scene scene;
    const std::string own = scene.path("own"), pid = own + "/x.pid";
    std::filesystem::create_directory(own);
    SECTION("since it is full") {
        const Outcome outcome = scene.run([&] {
            take_private_mounts();
            must(::mount("none", own.c_str(), "tmpfs", 0, "size=4k") == 0, "tmpfs");
            write_text(own + "/filler", std::string(4096, 'x'));
            return run_and_list(own, [&] {
                return Daemonizer{PidFile{pid.c_str()}, Wires{}}.run(serve);
            });
        });
        check_refused(scene, outcome, 1, "pid file: " + pid + ": No space left on device");
        CHECK(scene.fact("left") == "filler");
    }
    SECTION("since it is read-only") {
        const Outcome outcome = scene.run([&] {
            take_private_mounts();
            must(::mount("none", own.c_str(), "tmpfs", MS_RDONLY, nullptr) == 0, "tmpfs");
            return run_and_list(own, [&] {
                return Daemonizer{PidFile{pid.c_str()}, Wires{}}.run(serve);
            });
        });
        check_refused(scene, outcome, 1, "pid file: " + pid + ": Read-only file system");
        CHECK(scene.fact("left") == "");
    }
}
