// SPDX-License-Identifier: BSL-1.0
// SystemdNotify before a manager of the test's own: who says what, and what no manager can break.
#include "kernel.hpp"
#include "supervision/manager.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

constexpr auto serve_with_status = [](auto& daemon) {
    tell_pid();
    daemon.ready("up");
    await_gate();
    return 0;
};

/// A service that speaks to the manager, by run() or by start(), whose launcher returns.
template <class Fork, class Body>
auto begin_told(Scene& scene, const Manager& manager, bool returns, const Body& body) -> pid_t {
    return scene.begin([&] {
        be_told(manager.name());
        const Daemonizer<Fork, SystemdNotify, KeepStdio, Wires> service;
        if (!returns)
            return service.run(body);
        auto running = service.start();
        return !running ? 1 : running->is_launcher() ? 0 : body(*running);
    });
}

} // namespace

TEMPLATE_TEST_CASE("the launcher says who the daemon is, and that it is ready", "[notify]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t launcher = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run(serve_with_status);
    });
    const pid_t daemon = scene.pid();
    const Message ready = manager.next();
    CHECK(ready.text == "MAINPID=" + std::to_string(daemon) + "\nREADY=1");
    CHECK(ready.sender.pid == launcher);
    const Message status = manager.next();
    CHECK(status.text == "STATUS=up");
    CHECK(status.sender.pid == daemon);
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.dismiss(daemon) == 0);
    const Message stopping = manager.next();
    CHECK(stopping.text == "STOPPING=1");
    CHECK(stopping.sender.pid == daemon);
    CHECK(manager.all() == "");
    CHECK(scene.err() == "");
}

TEMPLATE_TEST_CASE("without a fork the daemon says itself that it is ready", "[notify]", NoFork,
                   AutoFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t daemon = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run(serve_with_status);
    });
    CHECK(scene.pid() == daemon);
    const Message ready = manager.next();
    CHECK(ready.text == "READY=1");
    CHECK(ready.sender.pid == daemon);
    CHECK(manager.next().text == "STATUS=up");
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(manager.all() == "STOPPING=1\n");
}

TEST_CASE("start() tells the manager as run() does", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t launcher = scene.begin([&] {
        be_told(manager.name());
        auto running = Daemonizer<SystemdNotify, Wires>{}.start();
        if (!running || running->is_launcher())
            return running ? 0 : 1;
        tell_pid();
        running->ready();
        await_gate();
        return 0;
    });
    const Message ready = manager.next();
    CHECK(ready.begins_with("MAINPID="));
    CHECK(ready.sender.pid == launcher);
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(manager.all() == "STOPPING=1\n");
}

TEST_CASE("AutoFork forks where the variables name another process", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t launcher = scene.begin([&] {
        be_told(manager.name());
        set_variable("SYSTEMD_EXEC_PID", "1");
        set_variable("LISTEN_PID", "1");
        set_variable("INVOCATION_ID", "0123456789abcdef0123456789abcdef");
        return Daemonizer<AutoFork, SystemdNotify, Wires>{}.run([](auto& daemon) {
            tell(daemon.supervised() ? "supervised" : "alone");
            return serve(daemon);
        });
    });
    scene.fact("alone");
    CHECK(scene.end_of(launcher) == 0);
    const pid_t daemon = scene.pid();
    CHECK(daemon != launcher);
    CHECK(manager.next().sender.pid == launcher);
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("AutoFork stays where one variable names this process", "[notify]") {
    const std::string variable = GENERATE("SYSTEMD_EXEC_PID", "LISTEN_PID");
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t process = scene.begin([&] {
        forget_supervisors();
        set_variable(variable.c_str(), std::to_string(::getpid()).c_str());
        return Daemonizer{AutoFork{}, PidFile{path.c_str()}, StartTimeout<30>{}, Wires{}}.run(
            [](auto& daemon) {
                tell(daemon.supervised() ? "supervised" : "alone");
                std::fputs("on the supervisor's stderr\n", stderr);
                return serve(daemon);
            });
    });
    scene.fact("supervised");
    CHECK(scene.pid() == process);
    CHECK(text_of(path) == std::to_string(process) + '\n');
    CHECK(scene.dismiss(process) == 0);
    CHECK(scene.err() == "on the supervisor's stderr\n");
    CHECK_FALSE(exists(path));
}

TEST_CASE("AutoFork under a supervisor says a failure on its stderr, with its status", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    SECTION("of the body") {
        const auto outcome = scene.run([&] {
            be_told(manager.name());
            return Daemonizer<AutoFork, SystemdNotify, Wires>{}.run(
                [](auto& daemon) { return daemon.fail(3, "no configuration"); });
        });
        check_refused(scene, outcome, 3, "daemon: not ready: no configuration");
        CHECK(manager.all() == "STATUS=not ready: no configuration\n");
    }
    SECTION("of a step in the daemon") {
        const auto outcome = scene.run([&] {
            be_told(manager.name());
            return Daemonizer{AutoFork{}, SystemdNotify{}, WorkingDirectory{"/missing"}, Wires{}}
                .run(serve);
        });
        check_refused(scene, outcome, 1, "directory: /missing: No such file or directory");
        CHECK(manager.all() == "ERRNO=2\nSTATUS=/missing: No such file or directory\n");
    }
}

TEMPLATE_TEST_CASE("the launcher says why there is no daemon: only it is believed", "[notify]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const std::string missing = scene.path("missing/pid");
    pid_t launcher = 0;
    const auto told = [&](auto service, auto body, int status) {
        launcher = scene.begin([&] {
            be_told(manager.name());
            return service.run(body);
        });
        CHECK(scene.outcome_of(launcher).status == status);
        const Message message = manager.next();
        CHECK(message.sender.pid == launcher);
        CHECK(manager.all() == ""); // the daemon says nothing, and nobody is ready
        return message.text;
    };
    SECTION("the body") {
        const auto body = [](auto& daemon) { return daemon.fail(3, "no configuration"); };
        CHECK(told(Daemonizer<TestType, SystemdNotify, Wires>{}, body, 3) ==
              "STATUS=not ready: no configuration");
    }
    SECTION("a step of the daemon's") {
        const Daemonizer service{TestType{}, SystemdNotify{}, WorkingDirectory{"/missing"},
                                 Wires{}};
        CHECK(told(service, serve, 1) == "ERRNO=2\nSTATUS=/missing: No such file or directory");
    }
    SECTION("a step of the launcher's") {
        const Daemonizer service{TestType{}, SystemdNotify{}, PidFile{missing.c_str()}, Wires{}};
        CHECK(told(service, serve, 1) ==
              "ERRNO=2\nSTATUS=" + missing + ": No such file or directory");
    }
    SECTION("a signal") {
        const auto body = [](auto&) {
            ::raise(SIGKILL);
            return 0;
        };
        CHECK(told(Daemonizer<TestType, SystemdNotify, Wires>{}, body, 128 + SIGKILL) ==
              "STATUS=killed before it was ready: Killed, signal 9");
    }
    SECTION("its time is over") {
        const auto body = [](auto&) {
            await_gate();
            return 0;
        };
        CHECK(told(Daemonizer<TestType, SystemdNotify, StartTimeout<1>, Wires>{}, body, 124) ==
              "STATUS=daemon: not ready after 1 s, and ended");
    }
}

TEST_CASE("start() says why there is no daemon as run() does", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const bool forks = GENERATE(true, false);
    const pid_t launcher = scene.begin([&] {
        be_told(manager.name());
        const auto fails = [](const auto& service) {
            auto running = service.start();
            if (running)
                running->fail(3, "no configuration"); // in the daemon
            return running ? 3 : running.error().exit_status();
        };
        return forks ? fails(Daemonizer<SystemdNotify, Wires>{})
                     : fails(Daemonizer<NoFork, SystemdNotify, PidFile<"/missing/pid">, Wires>{});
    });
    CHECK(scene.end_of(launcher) == (forks ? 3 : 1));
    const Message message = manager.next();
    CHECK(message.sender.pid == launcher);
    CHECK(message.text == (forks ? "STATUS=not ready: no configuration"
                                 : "ERRNO=2\nSTATUS=/missing/pid: No such file or directory"));
    CHECK(manager.all() == "");
}

TEMPLATE_TEST_CASE("how far a daemon has come is said by whom the manager believes", "[notify]",
                   NoFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const bool returns = GENERATE(false, true);
    const auto body = [](auto& daemon) {
        tell_pid();
        daemon.status("loading");
        daemon.ready();
        daemon.status("serving");
        await_gate();
        return 0;
    };
    const pid_t starter = begin_told<TestType>(scene, manager, returns, body);
    const pid_t daemon = scene.pid();
    const Message loading = manager.next();
    CHECK(loading.text == "STATUS=loading");
    CHECK(loading.sender.pid == starter);
    CHECK(manager.next().sender.pid == starter); // READY
    const Message serving = manager.next();
    CHECK(serving.text == "STATUS=serving");
    CHECK(serving.sender.pid == daemon);
    if (starter != daemon)
        CHECK(scene.end_of(starter) == 0);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(manager.all() == "STOPPING=1\n");
}

TEMPLATE_TEST_CASE("more time to start is asked for by whom the manager believes", "[notify]",
                   NoFork, SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const bool returns = GENERATE(false, true);
    const auto body = [](auto& daemon) {
        tell_pid();
        const bool told =
            daemon.extend_timeout(std::chrono::seconds{7}) && daemon.notify("X_A=1\nX_B=2") &&
            (!std::is_same_v<TestType, DoubleFork> || !daemon.notify(std::string(200, 'x')));
        daemon.ready();
        tell(told ? "told" : "not told");
        daemon.extend_timeout(std::chrono::seconds{8});
        await_gate();
        return 0;
    };
    const pid_t starter = begin_told<TestType>(scene, manager, returns, body);
    const pid_t daemon = scene.pid();
    for (const char* const text : {"EXTEND_TIMEOUT_USEC=7000000", "X_A=1\nX_B=2"}) {
        const Message message = manager.next();
        CHECK(message.text == text);
        CHECK(message.sender.pid == starter);
    }
    CHECK(manager.next().text.find("READY=1") != std::string::npos);
    scene.fact("told");
    const Message later = manager.next();
    CHECK(later.text == "EXTEND_TIMEOUT_USEC=8000000");
    CHECK(later.sender.pid == daemon);
    if (starter != daemon)
        CHECK(scene.end_of(starter) == 0);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.err() == "");
}

TEMPLATE_TEST_CASE("what a daemon executes finds no manager, unless that was asked for", "[notify]",
                   NoFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    constexpr auto look = [](auto& daemon) {
        daemon.ready();
        // NOLINTNEXTLINE(cert-env33-c): a shell is what is asked for
        const bool found = std::system("test -n \"$NOTIFY_SOCKET\"") == 0;
        tell(found ? "child has it" : "child has none");
        return 0;
    };
    const auto said = [&](auto service) {
        scene.run([&] {
            be_told(manager.name());
            return service.run(look);
        });
        return scene.fact("child");
    };
    CHECK(said(Daemonizer<TestType, SystemdNotify, Wires>{}) == "has none");
    CHECK(said(Daemonizer<TestType, SystemdNotify, CleanEnvironment<"TZ">, Wires>{}) == "has none");
    CHECK(said(Daemonizer<TestType, SystemdNotify, CleanEnvironment<"NOTIFY_SOCKET">, Wires>{}) ==
          "has it");
    CHECK(said(Daemonizer<TestType, Wires>{}) == "has it"); // it is nobody's here
}

TEST_CASE("the launcher of start() keeps its environment", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    scene.run([&] {
        be_told(manager.name());
        auto running = Daemonizer<SystemdNotify, Wires>{}.start();
        if (running && !running->is_launcher())
            running->ready();
        else
            tell(std::getenv("NOTIFY_SOCKET") != nullptr ? "launcher has it" : "launcher lost it");
        return 0;
    });
    CHECK(scene.fact("launcher") == "has it");
}

TEST_CASE("a text is cut, is one line, and never stands beside READY", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run([](auto& daemon) {
            std::string status(1998, 'x'); // with one byte of a character of two
            status += "\xc3\xc3\xa9 and more";
            daemon.ready(status.c_str());
            daemon.ready("a\nREADY=0\tb");
            daemon.ready(std::string("whole\0cut", 9).c_str());
            return 0;
        });
    });
    CHECK(manager.next().text == "READY=1");
    const Message status = manager.next();
    CHECK(status.text.size() < 2048);
    CHECK(status.text.substr(0, 1998 + 7) == "STATUS=" + std::string(1998, 'x'));
    CHECK(manager.all() == "STATUS=a READY=0 b\nSTATUS=whole\nSTOPPING=1\n");
}

TEST_CASE("an abstract name is as long as it is", "[notify]") {
    Scene scene;
    Manager manager{"@daemonizer-test-" + std::to_string(::getpid())};
    scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run([] {});
    });
    CHECK(manager.all() == "READY=1\nSTOPPING=1\n");
}

TEST_CASE("a number is a descriptor of finit's, which wants lines", "[notify]") {
    Scene scene;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const auto outcome = scene.run([&] {
        be_told("9");
        ::dup2(ends[1], 9);
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run(
            [](auto& daemon) { daemon.ready("up"); });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    ::close(ends[1]);
    char text[256]{};
    CHECK(::read(ends[0], text, sizeof text - 1) > 0);
    CHECK(std::string{text} == "READY=1\nSTATUS=up\nSTOPPING=1\n");
    ::close(ends[0]);
}

TEMPLATE_TEST_CASE("the launcher tells finit, by its number, who the daemon is", "[notify]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const bool has_gone = GENERATE(false, true); // then nobody dies of SIGPIPE
    if (has_gone)
        ::close(ends[0]);
    const auto outcome = scene.run([&] {
        be_told("9");
        ::dup2(ends[1], 9);
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run(serve);
    });
    ::close(ends[1]);
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const pid_t daemon = scene.pid();
    CHECK(scene.dismiss(daemon) == 0);
    if (has_gone)
        return;
    char text[256]{};
    CHECK(::read(ends[0], text, sizeof text - 1) > 0);
    CHECK(std::string{text} == "MAINPID=" + std::to_string(daemon) + "\nREADY=1\nSTOPPING=1\n");
    ::close(ends[0]);
}

TEST_CASE("a line that finit has no room for is not sent in part", "[notify]") {
    Scene scene;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
    const std::string longest = "X=" + std::string(253, 'x');
    const auto outcome = scene.run([&] {
        be_told("9");
        ::dup2(ends[1], 9);
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run([&](auto& daemon) {
            const bool too_long = daemon.notify(longest + 'x');
            return daemon.notify(longest) && !too_long ? 7 : 8;
        });
    });
    CHECK(outcome.status == 7);
    ::close(ends[1]);
    char text[1024]{};
    CHECK(::read(ends[0], text, sizeof text - 1) > 0);
    CHECK(std::string{text} == longest + '\n');
    ::close(ends[0]);
}

TEST_CASE("a finit that has gone, or never reads, ends no daemon", "[notify]") {
    Scene scene;
    int ends[2];
    REQUIRE(::pipe2(ends, O_CLOEXEC | O_NONBLOCK) == 0);
    SECTION("gone") {}
    SECTION("full") {
        const char byte = 'x';
        while (::write(ends[1], &byte, 1) == 1) {
        }
    }
    const bool is_full = ::write(ends[1], "x", 1) < 0;
    const auto outcome = scene.run(
        [&] {
            be_told("9");
            ::dup2(ends[1], 9);
            ::fcntl(9, F_SETFL, 0);
            ::close(ends[1]);
            if (!is_full)
                ::close(ends[0]);
            return Daemonizer<NoFork, SystemdNotify, KeepSignals, Wires>{}.run([](auto& daemon) {
                for (int i = 0; i != 3; ++i)
                    daemon.notify("STATUS=x"); // waits for nobody
                return 7;
            });
        },
        [&] {
            if (!is_full) {
                ::close(ends[0]);
                ::close(ends[1]);
            }
        });
    CHECK(outcome.status == 7);
    if (is_full) {
        ::close(ends[0]);
        ::close(ends[1]);
    }
}

TEST_CASE("a name that is nobody's is a line on stderr, and the start goes on", "[notify]") {
    Scene scene;
    const std::string file = scene.path("file"), missing = scene.path("missing"),
                      too_long = '/' + std::string(200, 'x');
    write_text(file, "no socket");
    struct Case {
        const char *name, *reason;
    };
    const auto check = [&](auto composition) {
        for (const Case& given :
             {Case{missing.c_str(), "No such file or directory"},
              Case{file.c_str(), "Connection refused"}, Case{"@nobody", "Connection refused"},
              Case{"@", "Invalid argument"}, Case{"/", "Invalid argument"},
              Case{"relative", "Invalid argument"}, Case{"77", "Bad file descriptor"},
              Case{"2", "Invalid argument"}, Case{"vsock:x:1", "Invalid argument"},
              Case{too_long.c_str(), "Argument list too long"}}) {
            const auto outcome = scene.run([&] {
                be_told(given.name);
                return composition.run([](auto& daemon) {
                    daemon.ready("up");
                    tell("served");
                    return 0;
                });
            });
            INFO(given.name);
            CHECK(outcome.status == 0);
            CHECK(outcome.err == line("notify: " + std::string{given.name} + ": " + given.reason));
            scene.fact("served");
        }
    };
    check(Daemonizer<NoFork, SystemdNotify, KeepStdio, Wires>{});
    check(Daemonizer<DoubleFork, SystemdNotify, Wires>{});
}

TEST_CASE("an empty name is nobody", "[notify]") {
    Scene scene;
    const auto outcome = scene.run([] {
        be_told("");
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run([](auto& daemon) {
            daemon.ready("up");
            daemon.reloading();
            daemon.stopping();
            const bool told = daemon.watchdog() && daemon.notify("X=1") && daemon.store("x", 1) &&
                              daemon.extend_timeout(std::chrono::seconds{1});
            return told ? 6 : 5;
        });
    });
    CHECK(outcome.status == 6);
    CHECK(outcome.err == "");
}

TEMPLATE_TEST_CASE("READY waits for a manager that reads slowly", "[notify]", NoFork, DoubleFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    REQUIRE(manager.fill() > 0);
    const pid_t starter = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run(serve_with_status);
    });
    const pid_t daemon = scene.pid();
    await_sleep(scene, starter);
    Message message;
    do
        message = manager.next();
    while (message.text == "x");
    CHECK(message.text.find("READY=1") != std::string::npos);
    if (starter != daemon)
        CHECK(scene.end_of(starter) == 0);
    CHECK(scene.dismiss(daemon) == 0);
}

// Else systemd would not wait at a stop for the end of a main process that is none of its children.
TEMPLATE_TEST_CASE("a daemon is no child of the launcher's any more when the manager hears of it",
                   "[notify]", SingleFork, DoubleFork, HandoffFork) {
    const bool returns = GENERATE(false, true);
    if (returns && std::is_same_v<TestType, HandoffFork>)
        return;
    CAPTURE(returns);
    Scene scene; // the test adopts orphans, as the manager does
    Manager manager{scene.path("notify")};
    REQUIRE(manager.fill() > 0); // so that the launcher waits before it leaves
    const pid_t launcher = begin_told<TestType>(scene, manager, returns, serve_with_status);
    const pid_t daemon = scene.pid();
    const auto parent_of = [](pid_t pid) {
        const auto stat = stat_of(std::to_string(pid));
        return stat.size() < 2 ? std::string{} : stat[1];
    };
    CHECK(scene.until([&] { return parent_of(daemon) == std::to_string(::getpid()); }));
    const auto stat = stat_of(std::to_string(launcher));
    REQUIRE(!stat.empty());
    CHECK(stat[0] != "Z"); // it has yet to tell
    Message message;
    do
        message = manager.next();
    while (message.text == "x");
    CHECK(message.text == "MAINPID=" + std::to_string(daemon) + "\nREADY=1");
    CHECK(message.sender.pid == launcher);
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.nobody_stays());
}

// The process that stays between them holds nothing up, and hides no death.
TEMPLATE_TEST_CASE("how a daemon dies is known where a manager is told, too", "[notify]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const bool is_killed = GENERATE(true, false);
    const auto outcome = scene.run([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run([&](auto&) -> int {
            if (is_killed)
                ::raise(SIGKILL);
            ::_exit(9);
        });
    });
    CHECK(outcome.status == (is_killed ? 128 + SIGKILL : 9));
    CHECK(outcome.err.find(is_killed
                               ? "killed before it was ready: Killed, signal 9"
                               : "ended before it was ready: exit status 9") != std::string::npos);
    CHECK(scene.nobody_stays());
}

TEMPLATE_TEST_CASE("a daemon whose launcher is killed leaves, and its parent with it", "[notify]",
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t launcher = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(launcher, SIGKILL);
    CHECK(scene.end_of(launcher) == -SIGKILL);
    scene.let_go();
    CHECK(scene.end_of(daemon) != 0);
    CHECK(scene.nobody_stays());
}

TEST_CASE("what is not READY is not waited for, and a manager that has gone ends nothing",
          "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t process = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, KeepSignals, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            int sent = 0;
            while (daemon.notify("STATUS=again"))
                ++sent;
            tell("sent " + std::to_string(sent));
            await_gate();
            daemon.ready("gone");
            tell(daemon.notify("X=1") ? "told" : "not told");
            return 7;
        });
    });
    CHECK(scene.number("sent") > 0);
    manager.leave();
    scene.let_go();
    scene.fact("not told");
    CHECK(scene.end_of(process) == 7);
}

TEST_CASE("a reload carries its time and is ended by ready()", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const auto now = [] {
        timespec time{};
        ::clock_gettime(CLOCK_MONOTONIC, &time);
        return time.tv_sec * 1'000'000LL + time.tv_nsec / 1000;
    };
    const long long before = now();
    scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, SignalFd<SIGTERM, SIGHUP>, Wires>{}.run(
            [](auto& daemon) {
                daemon.ready();
                ::raise(SIGHUP); // collected, so it does not end the daemon
                if (daemon.wait() != SIGHUP)
                    return 1;
                daemon.reloading();
                daemon.ready("reloaded");
                daemon.ready();
                daemon.stopping();
                return 0; // and says it no second time
            });
    });
    CHECK(manager.next().text == "READY=1");
    const Message reloading = manager.next();
    const std::string start = "RELOADING=1\nMONOTONIC_USEC=";
    REQUIRE(reloading.begins_with(start));
    const long long said = std::stoll(reloading.text.substr(start.size()));
    CHECK(said >= before);
    CHECK(said <= now());
    CHECK(manager.all() == "READY=1\nSTATUS=reloaded\nSTOPPING=1\n");
}

TEMPLATE_TEST_CASE("a worker says nothing for the daemon", "[notify]", NoFork, DoubleFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t starter = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, KeepStdio, Wires>{}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            const pid_t worker = ::fork();
            if (worker == 0) {
                daemon.ready("of a worker");
                daemon.reloading();
                if (daemon.watchdog() || daemon.notify("X=1"))
                    tell("heard");
                return 0; // the body's end, in the worker
            }
            ::waitpid(worker, nullptr, 0);
            await_gate();
            return 0;
        });
    });
    const pid_t daemon = scene.pid();
    if (starter != daemon)
        CHECK(scene.end_of(starter) == 0);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(manager.next().text.find("READY=1") != std::string::npos);
    CHECK(manager.all() == "STOPPING=1\n");
    CHECK(scene.heard() == "");
}

TEST_CASE("descriptors are left with the manager, of any kind", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const auto outcome = scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run([](auto& daemon) {
            const bool stored =
                daemon.store("file", ::open("/dev/null", O_RDONLY)) && daemon.unstore("file");
            const std::string long_name(256, 'x');
            const bool refused = !daemon.store("", 1) && !daemon.store("a:b", 1) &&
                                 !daemon.store("a\nb", 1) && !daemon.store("\xc3\xa9", 1) &&
                                 !daemon.store(long_name.c_str(), 1) && !daemon.store("x", -1) &&
                                 !daemon.store("x", 4095) && !daemon.unstore("");
            return stored && refused ? 7 : 1;
        });
    });
    CHECK(outcome.status == 7);
    const Message stored = manager.next();
    CHECK(stored.text == "FDSTORE=1\nFDNAME=file");
    struct stat passed {
    }, null{};
    REQUIRE(::fstat(stored.passed, &passed) == 0);
    REQUIRE(::stat("/dev/null", &null) == 0);
    CHECK(passed.st_rdev == null.st_rdev);
    ::close(stored.passed);
    CHECK(manager.all() == "FDSTOREREMOVE=1\nFDNAME=file\n");
}

TEST_CASE("more time, and other assignments", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const auto outcome = scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, Wires>{}.run([](auto& daemon) {
            const bool told = daemon.extend_timeout(std::chrono::milliseconds{1500}) &&
                              daemon.notify("X_A=1\nX_B=2") &&
                              daemon.notify(std::string(4095, 'x').c_str()) &&
                              !daemon.notify(std::string(4096, 'x').c_str()) && !daemon.notify("");
            return told ? 7 : 1;
        });
    });
    CHECK(outcome.status == 7);
    CHECK(manager.next().text == "EXTEND_TIMEOUT_USEC=1500000");
    CHECK(manager.next().text == "X_A=1\nX_B=2");
    CHECK(manager.next().text.size() == 4095);
}

TEMPLATE_TEST_CASE("the manager sees who speaks after a change of user, out of a chroot",
                   "[notify]", NoFork, DoubleFork) {
    if (cannot("a change of user", [] { become(stranger()); }))
        return;
    Scene scene;
    Manager manager{scene.path("notify")};
    const std::string root = scene.path("root");
    REQUIRE(::mkdir(root.c_str(), 0755) == 0);
    const uid_t user = 61234;
    scene.begin([&] {
        be_told(manager.name());
        return Daemonizer{TestType{}, SystemdNotify{}, RunAs{user, user}, Chroot{root.c_str()},
                          Wires{}}
            .run(serve_with_status);
    });
    const pid_t daemon = scene.pid();
    CHECK(manager.next().text.find("READY=1") != std::string::npos);
    const Message status = manager.next();
    CHECK(status.text == "STATUS=up");
    CHECK(status.sender.pid == daemon);
    CHECK(status.sender.uid == user);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(manager.all() == "STOPPING=1\n");
}

TEST_CASE("a sandbox does not cut off the manager, be its name a path or abstract", "[notify]") {
    Scene scene;
    const bool is_abstract = GENERATE(false, true);
    Manager manager{is_abstract ? "@daemonizer-sandbox-" + std::to_string(::getpid())
                                : scene.path("notify")};
    scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, Landlock<ReadOnly<"/usr">>, Wires>{}.run(
            [](auto& daemon) { daemon.ready("up"); });
    });
    CHECK(manager.all() == "READY=1\nSTATUS=up\nSTOPPING=1\n");
}

TEST_CASE("the manager is told although the environment is cleaned", "[notify]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    scene.run([&] {
        be_told(manager.name());
        return Daemonizer<NoFork, SystemdNotify, CleanEnvironment<>, Wires>{}.run([] {});
    });
    CHECK(manager.all() == "READY=1\nSTOPPING=1\n");
}
