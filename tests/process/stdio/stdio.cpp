// SPDX-License-Identifier: BSL-1.0
// Where a daemon's output goes: kept, to files, to files that are opened anew.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

void print(int fd, const std::string& text) {
    if (::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        tell("unwritten " + text);
}

auto mode_of(const std::string& path) -> unsigned {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status.st_mode & 07777U;
}

/// Prints, and after SIGHUP reopens and prints again, until SIGTERM.
constexpr auto log_until_term = [](auto& daemon) {
    print(1, "out 1\n");
    print(2, "err 1\n");
    tell_pid();
    daemon.ready();
    for (int round = 2; daemon.wait() != SIGTERM; ++round) {
        tell(daemon.reopen() ? "reopened yes" : "reopened no");
        print(1, "out " + std::to_string(round) + '\n');
        print(2, "err " + std::to_string(round) + '\n');
        tell("printed");
    }
    return 0;
};
using Signals = SignalFd<SIGHUP, SIGTERM>;

} // namespace

TEST_CASE("KeepStdio leaves the starter's output", "[stdio]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<KeepStdio, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            print(1, "out\n");
            print(2, "err\n");
            tell_pid();
            return 0;
        });
    });
    CHECK(scene.end_of(scene.pid()) == 0);
    CHECK(outcome.status == 0);
    CHECK(outcome.out + scene.out() == "out\n");
    CHECK(outcome.err + scene.err() == "err\n");
}

TEST_CASE("LogStdio appends to its log, which is opened anew after a rename", "[stdio]") {
    Scene scene;
    const std::string log = scene.path("x.log"), old = scene.path("x.log.1");
    const bool relative = GENERATE(true, false);
    write_text(log, "before\n");
    const auto outcome = scene.run([&] {
        must(::chdir(scene.directory().c_str()) == 0, "chdir");
        return Daemonizer{LogStdio{relative ? "x.log" : log.c_str()}, Signals{}, Wires{}}.run(
            log_until_term);
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    CHECK(text_of(log) == "before\nout 1\nerr 1\n");

    std::filesystem::rename(log, old);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("reopened") == "yes");
    scene.fact("printed");
    CHECK(text_of(old) == "before\nout 1\nerr 1\n");
    CHECK(text_of(log) == "out 2\nerr 2\n");
    CHECK(mode_of(log) == 0640);

    // Where the new one cannot be opened the old one stays, and says so.
    std::filesystem::remove(log);
    std::filesystem::create_directory(log);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("reopened") == "no");
    scene.fact("printed");
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.names() == "x.log x.log.1");
}

TEST_CASE("a log that cannot be opened anew stays the old one, and says so in it", "[stdio]") {
    Scene scene;
    const std::string log = scene.path("x.log"), old = scene.path("x.log.1");
    const auto outcome = scene.run([&] {
        return Daemonizer{LogStdio{log.c_str()}, Signals{}, Wires{}}.run(log_until_term);
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    std::filesystem::rename(log, old);
    std::filesystem::create_symlink(old, log); // a stranger's trick: not followed
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("reopened") == "no");
    scene.fact("printed");
    CHECK(text_of(old).find("out 1\nerr 1\n" + std::string{program_invocation_short_name} +
                            ": stdio: ") == 0);
    CHECK(text_of(old).find("\nout 2\nerr 2\n") != std::string::npos);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("FileStdio has a file each", "[stdio]") {
    Scene scene;
    const std::string in = scene.path("in"), out = scene.path("out"), err = scene.path("err");
    write_text(in, "input\n");
    const auto outcome = scene.run([&] {
        must(::chdir(scene.directory().c_str()) == 0, "chdir");
        ::umask(0777);
        return Daemonizer{FileStdio<"in", "out", "err">{}, Signals{}, Wires{}, Umask<027>{}}.run(
            [](auto& daemon) {
                char text[16];
                const auto size = ::read(0, text, sizeof text);
                tell("read " + std::to_string(size));
                return log_until_term(daemon);
            });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.number("read") == 6);
    const pid_t daemon = scene.pid();
    CHECK(text_of(out) == "out 1\n");
    CHECK(text_of(err) == "err 1\n");
    CHECK(mode_of(out) == 0640);
    std::filesystem::rename(out, scene.path("out.1"));
    std::filesystem::rename(err, scene.path("err.1"));
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("reopened") == "yes");
    scene.fact("printed");
    CHECK(text_of(out) == "out 2\n");
    CHECK(text_of(err) == "err 2\n");
    CHECK(text_of(scene.path("out.1")) == "out 1\n");
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("what is no log is refused", "[stdio]") {
    Scene scene;
    const std::string log = scene.path("x.log"), target = scene.path("target");
    const auto start = [&] {
        return scene.run([&] { return Daemonizer{LogStdio{log.c_str()}, Wires{}}.run(serve); });
    };
    SECTION("a symbolic link") {
        write_text(target, "precious");
        std::filesystem::create_symlink(target, log);
        check_refused(scene, start(), 1, "stdio: " + log + ": is a symbolic link");
        CHECK(text_of(target) == "precious");
    }
    SECTION("a FIFO, read or not: no hang") {
        REQUIRE(::mkfifo(log.c_str(), 0600) == 0);
        const bool is_read = GENERATE(false, true);
        const int reader = is_read ? ::open(log.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC) : -1;
        check_refused(scene, start(), 1, "stdio: " + log + ": is not a regular file");
        ::close(reader);
    }
    SECTION("a file with a second name") {
        write_text(target, "precious");
        std::filesystem::create_hard_link(target, log);
        check_refused(scene, start(), 1, "stdio: " + log + ": has more than one name");
        CHECK(text_of(target) == "precious");
    }
    SECTION("a directory") {
        std::filesystem::create_directory(log);
        check_refused(scene, start(), 1, "stdio: " + log + ": Is a directory");
    }
    CHECK(scene.heard() == "");
}

TEST_CASE("a stranger's file is no log where everybody may put one", "[stdio]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string directory = scene.path("d"), log = directory + "/x.log";
    const uid_t service = stranger(), other = service + 5000;
    std::filesystem::create_directory(directory);
    write_text(log, "before\n");
    REQUIRE(::chown(log.c_str(), service, 0) == 0);
    REQUIRE(::chmod(log.c_str(), 0666) == 0);
    REQUIRE(::chmod(scene.directory().c_str(), 0755) == 0);
    const auto start_as = [&](uid_t user) {
        return scene.run([&] {
            if (user != 0)
                become(user);
            return Daemonizer{LogStdio{log.c_str()}, Wires{}}.run([](auto& daemon) {
                print(1, "logged\n");
                tell_pid();
                daemon.ready();
                return 0;
            });
        });
    };
    const auto check_good = [&](const Outcome& outcome) {
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "");
        CHECK(scene.end_of(scene.pid()) == 0);
        CHECK(text_of(log) == "before\nlogged\n");
    };
    SECTION("refused where everybody may write") {
        const auto user = GENERATE_COPY(uid_t{0}, other);
        const bool sticky = GENERATE(false, true);
        REQUIRE(::chmod(directory.c_str(), sticky ? 01777 : 0777) == 0);
        // Where fs.protected_regular is set, the kernel refuses it already.
        const bool by_kernel = sticky && text_of("/proc/sys/fs/protected_regular") != "0\n";
        check_refused(scene, start_as(user), 1,
                      "stdio: " + log +
                          (by_kernel ? ": Permission denied" : ": belongs to another user"));
        CHECK(text_of(log) == "before\n");
        CHECK(scene.heard() == "");
    }
    SECTION("refused in a third user's directory") {
        REQUIRE(::chown(directory.c_str(), other + 1, 0) == 0);
        check_refused(scene, start_as(GENERATE_COPY(uid_t{0}, other)), 1,
                      "stdio: " + log + ": belongs to another user");
    }
    SECTION("good in a directory of root's, as logrotate creates it") {
        check_good(start_as(GENERATE_COPY(uid_t{0}, other)));
    }
    SECTION("good in the service's own directory") {
        REQUIRE(::chown(directory.c_str(), service, 0) == 0);
        check_good(start_as(0));
    }
    SECTION("good for the service itself, wherever") {
        REQUIRE(::chmod(directory.c_str(), 01777) == 0);
        check_good(start_as(service));
    }
}

TEST_CASE("devices are good as logs", "[stdio]") {
    Scene scene;
    const Terminal terminal;
    const std::string device = GENERATE("/dev/null", "/dev/full", "terminal");
    const std::string path = device == "terminal" ? terminal.name() : device;
    const auto outcome = scene.run([&] {
        return Daemonizer{LogStdio{path.c_str()}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.dismiss(scene.pid()) == 0);
}

TEST_CASE("an input may be a FIFO, or another name for one's stdin", "[stdio]") {
    Scene scene;
    const std::string in = scene.path("in"), out = scene.path("out");
    int writer = -1;
    SECTION("a FIFO") {
        REQUIRE(::mkfifo(in.c_str(), 0600) == 0);
        writer = ::open(in.c_str(), O_RDWR | O_CLOEXEC);
    }
    SECTION("a symbolic link") {
        write_text(scene.path("target"), "");
        std::filesystem::create_symlink(scene.path("target"), in);
        writer = ::open(in.c_str(), O_RDWR | O_CLOEXEC);
    }
    REQUIRE(::write(writer, "input", 5) == 5);
    const auto outcome = scene.run([&] {
        return Daemonizer{FileStdio{in.c_str(), out.c_str(), out.c_str()}, Wires{}}.run(
            [](auto& daemon) {
                char text[16];
                tell("read " + std::to_string(::read(0, text, sizeof text)));
                daemon.ready();
                return 0;
            });
    });
    ::close(writer);
    CHECK(outcome.status == 0);
    CHECK(scene.number("read") == 5);
}

TEST_CASE("reopen() refuses a log that has become a FIFO", "[stdio]") {
    Scene scene;
    const std::string log = scene.path("x.log"), old = scene.path("x.log.1");
    const auto outcome = scene.run([&] {
        return Daemonizer{LogStdio{log.c_str()}, Signals{}, Wires{}}.run(log_until_term);
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    std::filesystem::rename(log, old);
    REQUIRE(::mkfifo(log.c_str(), 0600) == 0);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("reopened") == "no");
    scene.fact("printed");
    CHECK(text_of(old).find(": stdio: reopen: is not a regular file\n") != std::string::npos);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("an empty path of a log is refused", "[stdio]") {
    Scene scene;
    check_refused(scene, scene.run([] {
        return Daemonizer{LogStdio{""}, Wires{}}.run(serve);
    }),
                  1, "stdio: path: is empty");
    check_refused(scene, scene.run([] {
        return Daemonizer{FileStdio{"/dev/null", "", "/dev/null"}, Wires{}}.run(serve);
    }),
                  1, "stdio: path: is empty");
}

TEST_CASE("a missing input is an error, and no file is made for it", "[stdio]") {
    Scene scene;
    const std::string in = scene.path("in"), out = scene.path("out"), err = scene.path("err");
    const auto outcome = scene.run([&] {
        return Daemonizer{FileStdio{in.c_str(), out.c_str(), err.c_str()}, Wires{}}.run(serve);
    });
    check_refused(scene, outcome, 1, "stdio: " + in + ": No such file or directory");
    CHECK(scene.names() == "");
}
