// SPDX-License-Identifier: BSL-1.0
// What a monitor does when its daemon crashes, ends, is stopped, and when it is killed itself.
#include "stdio/journald.hpp"

#include <daemonizer/control.hpp>

#include <array>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// Becomes the program DAEMON with a mode.
auto execute(const Scene& scene, const char* program, const char* mode) -> int {
    ::setenv("VARIABLE", "of the start", 1);
    ::execl(program, "daemon", mode, scene.directory().c_str(), nullptr);
    return 97;
}

/// The pid file's number.
auto recorded(const Scene& scene) -> pid_t { return std::stoi(text_of(scene.path("x.pid"))); }

struct Started {
    pid_t monitor, daemon;
};

auto start(Scene& scene, const char* mode, const char* program = DAEMON) -> Started {
    const Outcome outcome = scene.run([&] { return execute(scene, program, mode); });
    INFO(outcome.err);
    REQUIRE(outcome.status == 0);
    CHECK(outcome.err == "");
    scene.fact("started");
    const Started started{recorded(scene), scene.pid("daemon")};
    scene.fact("ready");
    CHECK(started.monitor != started.daemon);
    CHECK(stat_of(std::to_string(started.daemon)).at(1) == std::to_string(started.monitor));
    return started;
}

auto runs(const Scene& scene) -> ServiceStatus {
    const std::string path = scene.path("x.pid");
    return status(Daemonizer{PidFile{path}});
}

constexpr const char* again = "daemon: monitor: daemon: ";

} // namespace

TEST_CASE("a daemon that a signal has killed is started again under the same number", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "x");
    ::kill(first.daemon, SIGSEGV);
    const pid_t second = scene.pid("daemon");
    scene.fact("ready");
    CHECK(second != first.daemon);
    CHECK(recorded(scene) == first.monitor);
    CHECK(runs(scene).what == ServiceStatus::state::running);
    CHECK(runs(scene).pid == first.monitor);
    CHECK(text_of(scene.path("x.log")) ==
          again +
              std::string{"was killed: Segmentation fault, signal 11; started again, restart 1\n"});
    ::kill(second, SIGKILL);
    CHECK(scene.pid("daemon") != second);
    scene.fact("ready");
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.fact("signal") == "15");
    CHECK(scene.end_of(first.monitor) == 0);
    CHECK(scene.names() == "x.log");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a monitor repeats the start, and not the stop, of a service that was restarted",
          "[monitor]") {
    Scene scene;
    const char* const verb = GENERATE("restart", "start"); // with --lsb: 0 where the service runs
    const Started first = start(scene, verb);
    ::kill(first.daemon, SIGSEGV);
    CHECK(scene.pid("daemon") != first.daemon);
    scene.fact("ready");
    CHECK(recorded(scene) == first.monitor);
    CHECK(runs(scene).what == ServiceStatus::state::running);
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 0);
    CHECK(scene.nobody_stays());
}

TEST_CASE("a program that clears its environment first is started again", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "clears");
    ::kill(first.daemon, SIGSEGV);
    CHECK(scene.pid("daemon") != first.daemon);
    scene.fact("ready");
    CHECK(recorded(scene) == first.monitor);
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 0);
    CHECK(scene.nobody_stays());
}

TEST_CASE("a daemon that leaves with a status is started again, but not one that leaves with 0",
          "[monitor]") {
    Scene scene;
    SECTION("5") {
        const Started first = start(scene, "x");
        ::kill(first.monitor, SIGUSR1);
        CHECK(scene.fact("signal") == "10");
        scene.pid("daemon");
        scene.fact("ready");
        CHECK(text_of(scene.path("x.log")) ==
              again + std::string{"has ended with status 5; started again, restart 1\n"});
        ::kill(first.monitor, SIGTERM);
        CHECK(scene.end_of(first.monitor) == 0);
    }
    SECTION("0") {
        const Started first = start(scene, "leaves with 0");
        ::kill(first.monitor, SIGUSR1);
        CHECK(scene.end_of(first.monitor) == 0);
        CHECK(text_of(scene.path("x.log")) == "");
    }
    CHECK(scene.names() == "x.log");
    CHECK(scene.nobody_stays());
}

TEST_CASE("from outside monitor and daemon are one service", "[monitor]") {
    Scene scene;
    const char* const mode = GENERATE("x", "ends with 7", "one fork");
    const Started first = start(scene, mode);
    const std::string path = scene.path("x.pid");
    CHECK(reload(Daemonizer{PidFile{path}}));
    CHECK(scene.fact("signal") == "1");
    const Outcome second = scene.run([&] { return execute(scene, DAEMON, "x"); });
    CHECK(second.status == 1);
    CHECK(second.err == "daemon: pid file: " + path + ": already running, pid " +
                            std::to_string(first.monitor) + "\n");
    CHECK(stop(Daemonizer{PidFile{path}}));
    CHECK(scene.fact("signal") == "15");
    CHECK(!scene.still_runs(first.monitor));
    CHECK(!scene.still_runs(first.daemon));
    CHECK(scene.end_of(first.monitor) == (mode == std::string{"ends with 7"} ? 7 : 0));
    CHECK(runs(scene).what == ServiceStatus::state::stopped);
    CHECK(scene.names() == "x.log");
    CHECK(text_of(scene.path("x.log")) == "");
}

TEST_CASE("a monitor that is killed takes its daemon with it", "[monitor]") {
    Scene scene;
    const char* const mode = GENERATE("x", "nobody");
    if (mode == std::string{"nobody"} && ::geteuid() != 0) {
        WARN("skipped: only root can change the user");
        return;
    }
    const Started first = start(scene, mode);
    const bool restarted = GENERATE(false, true);
    pid_t daemon = first.daemon;
    if (restarted) {
        ::kill(daemon, SIGABRT);
        daemon = scene.pid("daemon");
        scene.fact("ready");
    }
    ::kill(first.monitor, SIGKILL);
    CHECK(scene.end_of(first.monitor) == -SIGKILL);
    CHECK(scene.end_of(daemon) == -SIGKILL);
    CHECK(scene.nobody_stays());
    const Started next = start(scene, "x"); // no lock is left
    ::kill(next.monitor, SIGTERM);
    CHECK(scene.end_of(next.monitor) == 0);
}

TEST_CASE("the launcher says how the first start ends, and nothing is left of one that fails",
          "[monitor]") {
    Scene scene;
    const std::string& d = scene.directory();
    const auto refused = [&](const char* mode, int status, const std::string& text) {
        const Outcome outcome = scene.run([&] { return execute(scene, DAEMON, mode); });
        CHECK(outcome.status == status);
        CHECK(outcome.err == "daemon: " + text + "\n");
        CHECK(scene.nobody_stays());
        CHECK(!exists(d + "/x.pid"));
    };
    SECTION("by itself") { refused("fails at first", 3, "daemon: not ready: no configuration"); }
    SECTION("by a signal") {
        refused("is killed at first", 128 + SIGSEGV,
                "daemon: killed before it was ready: Segmentation fault, signal 11");
    }
    SECTION("too late") {
        refused("hangs", 124, "start timeout: daemon: not ready after 1 s, and ended");
    }
    SECTION("in time, though its worker does not end within the time of a start") {
        refused("deaf worker, fails", 3, "daemon: not ready: no configuration");
        refused("deaf worker, is killed", 128 + SIGSEGV,
                "daemon: killed before it was ready: Segmentation fault, signal 11");
    }
    SECTION("of a step of the daemon's") {
        REQUIRE(::mkdir((d + "/x.log").c_str(), 0755) == 0);
        refused("x", 1, "stdio: " + d + "/x.log: Is a directory");
    }
}

TEST_CASE("a process starts one daemon with a monitor, and a second one is refused", "[monitor]") {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        for (const char* const name : {"x.pid", "y.pid"}) {
            const std::string pid = scene.path(name);
            auto running =
                Daemonizer{PidFile{pid}, SignalFd<SIGTERM, SIGUSR2>{}, Monitor<2, 60>{}}.start();
            if (!running) {
                std::fprintf(stderr, "%s: %s", running.error().step(), running.error().text());
                return running.error().code();
            }
            if (!running->is_launcher()) {
                running->ready();
                running->wait();
                return 0;
            }
        }
        return 0;
    });
    CHECK(outcome.status == EEXIST);
    CHECK(outcome.err ==
          "monitor: second daemon of one process: main() run again would start the first");
    CHECK(scene.names() == "x.pid");
    ::kill(recorded(scene), SIGTERM);
    CHECK(scene.nobody_stays());
    CHECK(scene.names() == "");
}

TEST_CASE("a first start is cancelled at the launcher, and at the monitor", "[monitor]") {
    Scene scene;
    const pid_t launcher = scene.begin([&] { return execute(scene, DAEMON, "hangs again"); });
    SECTION("launcher") {
        write_text(scene.path("again"), "");
        const pid_t daemon = scene.pid("daemon");
        ::kill(launcher, SIGTERM);
        CHECK(scene.outcome_of(launcher).status == -SIGTERM);
        CHECK(!scene.still_runs(daemon));
    }
    SECTION("monitor") {
        write_text(scene.path("again"), "");
        scene.pid("daemon");
        ::kill(recorded(scene), SIGTERM);
        CHECK(scene.outcome_of(launcher).status != 0);
    }
    CHECK(scene.nobody_stays());
    CHECK(!exists(scene.path("x.pid")));
}

TEST_CASE("after the attempts the monitor gives up with the daemon's status", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "fails again");
    write_text(scene.path("again"), "");
    ::kill(first.daemon, SIGKILL);
    CHECK(scene.end_of(first.monitor) == 4);
    const std::string failed = "daemon: monitor: daemon not started: daemon: not ready: no "
                               "configuration any more; ";
    CHECK(text_of(scene.path("x.log")) ==
          again + std::string{"was killed: Killed, signal 9; started again, restart 1\n"} + failed +
              "started again, restart 2\n" + failed + "given up after restart 2\n");
    CHECK(scene.names() == "again x.log");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a restarted daemon that does not become ready in time is ended", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "hangs again");
    write_text(scene.path("again"), "");
    ::kill(first.daemon, SIGKILL);
    CHECK(scene.end_of(first.monitor) == 124);
    CHECK(text_of(scene.path("x.log")).find("daemon: not ready after 1 s, and ended; given up") !=
          std::string::npos);
    CHECK(scene.nobody_stays());
}

TEST_CASE("where the program has gone the monitor gives up, and the log says why", "[monitor]") {
    Scene scene;
    const std::string program = scene.path("program");
    std::filesystem::copy_file(DAEMON, program);
    const Started first = start(scene, "x", program.c_str());
    std::filesystem::remove(program);
    ::kill(first.daemon, SIGKILL);
    CHECK(scene.end_of(first.monitor) == 127);
    const std::string gone =
        "daemon: monitor: daemon not started: exec: " + program + ": No such file or directory; ";
    CHECK(text_of(scene.path("x.log")) ==
          again + std::string{"was killed: Killed, signal 9; started again, restart 1\n"} + gone +
              "started again, restart 2\n" + gone + "given up after restart 2\n");
    CHECK(scene.names() == "x.log");
    CHECK(scene.nobody_stays());
}

TEST_CASE("what a restart says before run() is in the log", "[monitor]") {
    Scene scene;
    const auto [how, words, end] = GENERATE(values<std::array<const char*, 3>>(
        {{"in a constructor", "no table of words\n", "was killed: Aborted, signal 6; "},
         {"by its usage", "usage: daemon MODE DIRECTORY\n", "has ended with status 2; "}}));
    const char* const mode = GENERATE("x", "nobody", "ballast");
    if (mode == std::string{"nobody"} && ::geteuid() != 0) {
        WARN("skipped: only root can change the user");
        return;
    }
    ::setenv("RESTART_ENDS", how, 1);
    const Started first = start(scene, mode);
    ::unsetenv("RESTART_ENDS");
    ::kill(first.daemon, SIGKILL);
    CHECK(scene.end_of(first.monitor) != 0);
    CHECK(text_of(scene.path("x.log")) ==
          again + std::string{"was killed: Killed, signal 9; started again, restart 1\n"} + words +
              again + end + "started again, restart 2\n" + words + again + end +
              "given up after restart 2\n");
    CHECK(scene.names() == "x.log");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a restart that lacks a shared library says so in the log", "[monitor]") {
    Scene scene;
    const std::string program = scene.path("program"), next = scene.path("next");
    std::filesystem::copy_file(DAEMON, program);
    std::string bytes = text_of(program);
    const std::size_t name = bytes.find("libc.so.6");
    if (name == std::string::npos) {
        WARN("skipped: the program needs no libc.so.6");
        return;
    }
    const Started first = start(scene, "x", program.c_str());
    write_text(next, bytes.replace(name, 9, "libd.so.6"));
    std::filesystem::permissions(next, std::filesystem::perms::owner_all);
    std::filesystem::rename(next, program);
    ::kill(first.daemon, SIGKILL);
    CHECK(scene.end_of(first.monitor) == 127);
    const std::string log = text_of(scene.path("x.log"));
    CHECK(log.find("restart 1\ndaemon: error while loading shared libraries: libd.so.6: ") !=
          std::string::npos);
    CHECK(log.find(again + std::string{"has ended with status 127; given up after restart 2\n"}) !=
          std::string::npos);
}

TEST_CASE("the log of a restart is made anew where it was renamed, and a link is not followed",
          "[monitor]") {
    Scene scene;
    const std::string log = scene.path("x.log"), old = scene.path("old");
    ::setenv("RESTART_ENDS", "by its usage", 1);
    const Started first = start(scene, "x");
    ::unsetenv("RESTART_ENDS");
    std::filesystem::rename(log, old);
    SECTION("made anew") {
        ::kill(first.daemon, SIGKILL);
        CHECK(scene.end_of(first.monitor) == 2);
        CHECK(text_of(old) == "");
        CHECK(text_of(log).find("usage: daemon") != std::string::npos);
        struct stat made {};
        ::stat(log.c_str(), &made);
        CHECK((made.st_mode & 07777) == 0640);
    }
    SECTION("a link") {
        std::filesystem::create_symlink(old, log);
        ::kill(first.daemon, SIGKILL);
        CHECK(scene.end_of(first.monitor) == 2);
        CHECK(text_of(old) == "");
    }
    CHECK(scene.nobody_stays());
}

TEST_CASE("what a restart says before run() is in the journal, as the daemon's", "[monitor]") {
    if (cannot_be_journald())
        return;
    Scene scene;
    const Outcome outcome = scene.run([&] {
        const int listener = listen_as_journald();
        if (::fork() == 0) { // two streams of the daemon, of the restart, and of the last word
            int streams[6];
            for (int& stream : streams)
                stream = ::accept(listener, nullptr, nullptr);
            for (const int stream : {streams[3], streams[5]})
                tell("err " + everything_of(stream));
            ::_exit(0);
        }
        ::close(listener);
        set_variable("RESTART_ENDS", "by its usage");
        return execute(scene, DAEMON, "journal");
    });
    REQUIRE(outcome.status == 0);
    const pid_t monitor = recorded(scene);
    ::kill(scene.pid("daemon"), SIGKILL);
    const std::string header = "journal||3|1|0|0|0|";
    CHECK(scene.fact("err") == header +
                                   "daemon: monitor: daemon: was killed: Killed, signal 9; started "
                                   "again, restart 1|usage: daemon MODE DIRECTORY|");
    CHECK(scene.fact("err") == header + "daemon: monitor: daemon: has ended with status 2; given "
                                        "up after restart 1|");
    CHECK(scene.end_of(monitor) == 2);
}

TEST_CASE("a stderr that nobody reads any more does not keep a daemon from its restart",
          "[monitor]") {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        int ends[2];
        if (::pipe(ends) != 0 || ::dup2(ends[1], 2) != 2 || ::close(ends[0]) != 0 ||
            ::close(ends[1]) != 0)
            return 96;
        return execute(scene, DAEMON, "keeps stdio");
    });
    REQUIRE(outcome.status == 0);
    const pid_t monitor = recorded(scene), first = scene.pid("daemon");
    ::kill(first, SIGKILL);
    CHECK(scene.pid("daemon") != first);
    ::kill(monitor, SIGTERM);
    CHECK(scene.end_of(monitor) == 0);
}

TEST_CASE("a reason is one line in the log, as StderrLog makes them", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "log lines");
    ::kill(first.daemon, SIGKILL);
    scene.pid("daemon");
    scene.fact("ready");
    const std::string line = text_of(scene.path("x.log"));
    CHECK(line.substr(std::min<std::size_t>(line.size(), 20)) ==
          " err: monitor: daemon: was killed: Killed, signal 9; started again, restart 1\n");
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 0);
}

TEST_CASE("a restart finds arguments, environment, directory and umask of the first start",
          "[monitor]") {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        ::umask(037);
        return ::chdir("/usr") == 0 ? execute(scene, DAEMON, "x") : 96;
    });
    REQUIRE(outcome.status == 0);
    const std::string found = scene.fact("started");
    CHECK(found == "[x][" + scene.directory() + "] in /usr umask 31 variable of the start");
    scene.fact("ready");
    ::kill(scene.pid("daemon"), SIGKILL);
    CHECK(scene.fact("started") == found + " handover");
    scene.fact("ready");
    const pid_t monitor = recorded(scene);
    ::kill(monitor, SIGTERM);
    CHECK(scene.end_of(monitor) == 0);
}

TEST_CASE("what a crashed daemon has forked is ended before the next start", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "x");
    ::kill(first.monitor, SIGUSR2);
    const pid_t worker = scene.pid("worker");
    ::kill(first.daemon, SIGKILL);
    scene.pid("daemon");
    CHECK(!scene.still_runs(worker));
    scene.fact("ready");
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 0);
}

TEST_CASE("a signal that a restarted daemon collects waits for it", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "x");
    ::kill(first.daemon, SIGKILL);
    REQUIRE(scene.until([&] { return !scene.still_runs(first.daemon); }));
    ::kill(first.monitor, SIGHUP);
    scene.pid("daemon");
    scene.fact("ready");
    CHECK(scene.fact("signal") == "1");
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 0);
}

TEST_CASE("a manager hears of a restart from the monitor, its main process", "[monitor]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    pid_t launcher = 0;
    const Outcome outcome = scene.run([&] {
        be_told(manager.name());
        set_variable("WATCHDOG_USEC", "20000");
        set_variable("WATCHDOG_PID", std::to_string(::getpid()).c_str());
        tell_pid("launcher");
        return execute(scene, DAEMON, "tells a manager");
    });
    CHECK(outcome.status == 0);
    launcher = scene.pid("launcher");
    const pid_t monitor = recorded(scene);
    const auto next = [&](pid_t pinging) { // that is no ping
        for (;;) {
            const Message message = manager.next();
            if (message.text != "WATCHDOG=1")
                return message;
            CHECK(message.sender.pid == pinging);
        }
    };
    const auto heard = [&](pid_t pinging, pid_t sender, const std::string& text) {
        const Message message = next(pinging);
        CHECK(message.text == text);
        CHECK(message.sender.pid == sender);
    };
    const pid_t first = scene.pid("daemon");
    heard(first, launcher, "STATUS=loading");
    heard(first, launcher, "EXTEND_TIMEOUT_USEC=7000000");
    heard(first, launcher, "MAINPID=" + std::to_string(monitor) + "\nREADY=1");
    CHECK(manager.next().text == "WATCHDOG=1");

    ::kill(first, SIGSEGV);
    heard(first, monitor, "STATUS=daemon: was killed: Segmentation fault, signal 11");
    const pid_t second = scene.pid("daemon");
    heard(second, monitor, "STATUS=loading");
    heard(second, monitor, "EXTEND_TIMEOUT_USEC=7000000");
    heard(second, monitor, "READY=1");   // MAINPID is still the monitor's
    const Message ping = manager.next(); // WATCHDOG_PID has become the daemon's
    CHECK(ping.text == "WATCHDOG=1");
    CHECK(ping.sender.pid == second);

    write_text(scene.path("again"), "");
    ::kill(second, SIGKILL);
    heard(second, monitor, "STATUS=daemon: was killed: Killed, signal 9");
    const std::string failed =
        "STATUS=daemon not started: daemon: not ready: no configuration any more";
    heard(0, monitor, failed);
    heard(0, monitor, failed + "; given up after restart 2");
    CHECK(scene.end_of(monitor) == 4);
    CHECK(manager.all() == "");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a stop between a crash and the restart ends the monitor", "[monitor]") {
    Scene scene;
    const Started first = start(scene, "x");
    ::kill(first.daemon, SIGKILL);
    REQUIRE(scene.until([&] { return !scene.still_runs(first.daemon); }));
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 128 + SIGKILL);
    CHECK(scene.names() == "x.log");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a daemon that collects nothing ends by the signals that end it without a monitor",
          "[monitor]") {
    Scene scene;
    const int signal = GENERATE(SIGTERM, SIGINT, SIGHUP);
    const Outcome outcome = scene.run([&] { return execute(scene, DAEMON, "keeps signals"); });
    REQUIRE(outcome.status == 0);
    const pid_t monitor = recorded(scene), daemon = scene.pid("daemon");
    ::kill(monitor, signal);
    CHECK(scene.end_of(monitor) == 128 + signal);
    CHECK(!scene.still_runs(daemon));
    CHECK(scene.names() == "");
    CHECK(scene.nobody_stays());
}

TEST_CASE("a variable alone makes nobody a monitored daemon", "[monitor]") {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
            return 96;
        detail::Handover forged{
            detail::Handover::of_monitor, ::getppid(), -1, -1, false, false, {}};
        if (::send(ends[0], &forged, sizeof forged, 0) < 0)
            return 95;
        ::setenv("DAEMONIZER_HANDOVER", std::to_string(ends[1]).c_str(), 1);
        return execute(scene, DAEMON, "x");
    });
    REQUIRE(outcome.status == 0);
    CHECK(scene.fact("started").find("handover") != std::string::npos);
    const pid_t monitor = recorded(scene);
    CHECK(scene.pid("daemon") != monitor);
    ::kill(monitor, SIGTERM);
    CHECK(scene.end_of(monitor) == 0);
}

namespace {

/// Kilobytes that only this process has: written, and shared with nobody.
auto own_memory(pid_t pid) -> long {
    std::istringstream file{text_of("/proc/" + std::to_string(pid) + "/smaps_rollup")};
    long kilobytes = -1;
    for (std::string word; file >> word;)
        if (word == "Private_Dirty:")
            file >> kilobytes;
    return kilobytes;
}

auto mapped_memory(pid_t pid) -> long {
    std::istringstream file{text_of("/proc/" + std::to_string(pid) + "/statm")};
    long pages = 0;
    file >> pages;
    return pages * (::sysconf(_SC_PAGESIZE) >> 10);
}

void check_memory(const char* mode) {
#if DAEMONIZER_HAS_RAW_CALLS
    if (!PosixHost::shares_memory || !detail::knows_who_uses_memory() ||
        ::sysconf(_SC_PAGESIZE) != 4096)
#endif
    {
        WARN("skipped: the monitor keeps its memory under sanitizers, instrumentation, valgrind "
             "and on this machine, or the pages are large");
        return;
    }
    // Pages of a program that was linked just now count as written until they are on the disk.
    const int program = ::open(DAEMON, O_RDONLY | O_CLOEXEC);
    ::fsync(program);
    ::close(program);
    Scene scene;
    const Started first = start(scene, mode);
    const auto is_small = [&] {
        const bool small = scene.until([&] {
            const long own = own_memory(first.monitor);
            return own >= 0 && own <= 200 && mapped_memory(first.monitor) < 32 << 10;
        });
        INFO(own_memory(first.monitor)
             << " kB of its own, " << mapped_memory(first.monitor) << " kB mapped");
        CHECK(small);
    };
    is_small();
    ::kill(first.daemon, SIGSEGV); // a daemon that is started anew shares nothing with the monitor
    scene.pid("daemon");
    scene.fact("ready");
    is_small();
    ::kill(first.monitor, SIGTERM);
    CHECK(scene.end_of(first.monitor) == 0);
}

} // namespace

TEST_CASE("a monitor waits without the program's memory, after a restart, too", "[monitor]") {
    check_memory("ballast");
}

TEST_CASE("a monitor waits without a gigabyte of the program's", "[monitor][.long]") {
    check_memory("large ballast");
}

TEST_CASE("a monitored daemon stays one, whatever has the number of its notify descriptor",
          "[monitor]") {
    for (int fd = 3; fd != 12; ++fd) {
        Scene scene;
        INFO("descriptor " << fd);
        const Outcome outcome = scene.run([&] {
            for (const char* const name : {"SYSTEMD_EXEC_PID", "LISTEN_PID", "NOTIFY_SOCKET"})
                ::unsetenv(name);
            ::close_range(3, facts - 1, 0);
            ::setenv("NOTIFY_FD", std::to_string(fd).c_str(), 1);
            return execute(scene, DAEMON, "notifies");
        });
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "daemon: notify: descriptor: Bad file descriptor\n");
        const pid_t monitor = recorded(scene), first = scene.pid("daemon");
        scene.fact("ready");
        ::kill(first, SIGKILL);
        CHECK(scene.pid("daemon") != first);
        scene.fact("ready");
        CHECK(recorded(scene) == monitor);
        ::kill(monitor, SIGTERM);
        CHECK(scene.end_of(monitor) == 0);
        CHECK(text_of(scene.path("x.log")) ==
              again + std::string{"was killed: Killed, signal 9; started again, restart 1\n"});
        CHECK(scene.names() == "x.log");
        CHECK(scene.nobody_stays());
    }
}

TEST_CASE("the descriptor that NOTIFY_SOCKET names by its number is a restarted daemon's, too",
          "[monitor]") {
    Scene scene;
    int pipe[2];
    REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
    const Outcome outcome = scene.run([&] {
        be_told("9");
        ::dup2(pipe[1], 9);
        return execute(scene, DAEMON, "tells finit");
    });
    ::close(pipe[1]);
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const pid_t monitor = recorded(scene);
    for (int i = 0; i != 2; ++i) {
        const pid_t daemon = scene.pid("daemon");
        scene.fact("ready");
        if (i == 0)
            ::kill(daemon, SIGUSR1); // it leaves with 5
    }
    ::kill(monitor, SIGTERM);
    CHECK(scene.end_of(monitor) == 0);
    std::string said;
    char piece[4096];
    for (ssize_t size; (size = ::read(pipe[0], piece, sizeof piece)) > 0;)
        said.append(piece, static_cast<std::size_t>(size));
    ::close(pipe[0]);
    const std::string loading = "STATUS=loading\nEXTEND_TIMEOUT_USEC=7000000\n";
    CHECK(said == loading + "MAINPID=" + std::to_string(monitor) +
                      "\nREADY=1\nSTATUS=daemon: has ended with status 5\n" + loading +
                      "READY=1\nSTOPPING=1\n");
    CHECK(text_of(scene.path("x.log")).find("notify") == std::string::npos);
}

TEST_CASE("a number that NOTIFY_SOCKET has named in vain is not the pid file's after a restart",
          "[monitor]") {
    for (int fd = 3; fd != 12; ++fd) {
        Scene scene;
        INFO("descriptor " << fd);
        const Outcome outcome = scene.run([&] {
            ::close_range(3, facts - 1, 0);
            be_told(std::to_string(fd).c_str());
            return execute(scene, DAEMON, "tells finit");
        });
        CHECK(outcome.status == 0);
        const pid_t monitor = recorded(scene), first = scene.pid("daemon");
        const std::string number = text_of(scene.path("x.pid"));
        scene.fact("ready");
        ::kill(first, SIGKILL);
        CHECK(scene.pid("daemon") != first);
        scene.fact("ready");
        CHECK(text_of(scene.path("x.pid")) == number);
        ::kill(monitor, SIGTERM);
        CHECK(scene.end_of(monitor) == 0);
        CHECK(text_of(scene.path("x.log")) ==
              again + std::string{"was killed: Killed, signal 9; started again, restart 1\n"});
        CHECK(scene.names() == "x.log");
    }
}

TEST_CASE("a daemon that its monitor starts again does not say that the service stops",
          "[monitor]") {
    Scene scene;
    Manager manager{scene.path("notify")};
    const Outcome outcome = scene.run([&] {
        be_told(manager.name());
        return execute(scene, DAEMON, "tells a manager");
    });
    CHECK(outcome.status == 0);
    const pid_t monitor = recorded(scene), first = scene.pid("daemon");
    scene.fact("ready");
    ::kill(first, SIGUSR1); // it leaves with 5
    const pid_t second = scene.pid("daemon");
    scene.fact("ready");
    ::kill(monitor, SIGTERM);
    CHECK(scene.end_of(monitor) == 0);
    const std::string loading = "STATUS=loading\nEXTEND_TIMEOUT_USEC=7000000\n";
    CHECK(manager.all() == loading + "MAINPID=" + std::to_string(monitor) +
                               "\nREADY=1\nSTATUS=daemon: has ended with status 5\n" + loading +
                               "READY=1\nSTOPPING=1\n");
    CHECK(first != second);
}

TEST_CASE("a monitor does not keep the notify descriptor open", "[monitor]") {
    Scene scene;
    int pipe[2];
    REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
    const Outcome outcome = scene.run([&] {
        forget_supervisors();
        ::dup2(pipe[1], 202);
        ::setenv("NOTIFY_FD", "202", 1);
        return execute(scene, DAEMON, "notifies and forks");
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    scene.fact("ready");
    char text[8]{};
    ::close(pipe[1]);
    CHECK(::read(pipe[0], text, sizeof text) == 1);
    CHECK(text[0] == '\n');
    CHECK(::fcntl(pipe[0], F_SETFL, O_NONBLOCK) == 0);
    CHECK(::read(pipe[0], text, sizeof text) == 0); // the end, and not EAGAIN
    ::close(pipe[0]);
    const pid_t monitor = recorded(scene);
    ::kill(monitor, SIGTERM);
    CHECK(scene.end_of(monitor) == 0);
}
