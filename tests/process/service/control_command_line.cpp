// SPDX-License-Identifier: BSL-1.0
// Every verb of a service's command line: its exit status, its words, and what it does.
#include "control.hpp"

#include <daemonizer/command_line.hpp>

using namespace daemonizer;
using namespace launch;

namespace {

constexpr const char* about = "does nothing in particular";
constexpr const char* own_options = "  --dir DIR          where its files are\n";

/// A child that leaves by `command_line`, with these words on it.
template <class Service, class Body>
auto begin_line(Scene& scene, const Service& service, Body body, const std::string& words,
                const ProgramText& text = {about, own_options, "1.2"}) -> pid_t {
    return scene.begin([&] {
        std::istringstream source{words};
        std::vector<std::string> all{"service"};
        for (std::string word; source >> word;)
            all.push_back(word);
        std::vector<char*> argv;
        for (std::string& word : all)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        const int status =
            command_line(service, static_cast<int>(all.size()), argv.data(), body, text);
        std::fflush(nullptr);
        return status;
    });
}

/// The service of these tests, in its own scene.
class Commands {
public:
    auto scene() -> Scene& { return scene_; }
    auto pid_file() const -> const std::string& { return path_; }

    auto run(const std::string& words) -> Outcome {
        return scene_.outcome_of(begin_line(scene_, service_, obey, words));
    }
    /// A start that succeeds: the daemon's pid.
    auto start(const std::string& verb = "start") -> pid_t {
        check(verb, 0, "", "");
        return scene_.pid();
    }
    void check(const std::string& words, int status, const std::string& out,
               const std::string& err) {
        INFO(words);
        const Outcome outcome = run(words);
        CHECK(outcome.status == status);
        CHECK(outcome.out == named(out));
        CHECK(outcome.err == named(err));
    }
    void check_stopped(pid_t daemon) {
        CHECK(scene_.number("signal") == SIGTERM);
        CHECK(scene_.end_of(daemon) == 0);
        CHECK(scene_.names() == "");
    }

private:
    static auto named(const std::string& words) -> std::string {
        return words.empty() ? ""
                             : std::string{program_invocation_short_name} + ": " + words + '\n';
    }

    Scene scene_;
    std::string path_ = scene_.path("x.pid");
    Daemonizer<PidFile<>, SignalFd<SIGTERM, SIGHUP>, Wires> service_{
        PidFile{path_.c_str()}, SignalFd<SIGTERM, SIGHUP>{}, Wires{}};
};

constexpr auto stubborn = [](auto& daemon) {
    tell_pid();
    daemon.ready();
    for (;;)
        daemon.wait();
};

} // namespace

TEST_CASE("command line: start, status and stop", "[control]") {
    Commands service;
    service.check("status", 3, "not running", "");
    service.check("stop", 7, "", "stop: not running");
    const pid_t daemon = service.start();
    const std::string pid = std::to_string(daemon);

    const std::string running =
        std::string{program_invocation_short_name} + ": running, pid " + pid + ", since 20";
    const Outcome status = service.run("status");
    CHECK(status.status == 0);
    CHECK(status.err == "");
    CHECK(status.out.substr(0, running.size()) == running);
    CHECK(status.out.size() == running.size() + std::strlen("24-12-31 23:59:59\n"));

    service.check("start", 1, "",
                  "pid file: " + service.pid_file() + ": already running, pid " + pid);
    CHECK(text_of(service.pid_file()) == pid + '\n');
    service.check("stop", 0, "", "");
    service.check_stopped(daemon);
    service.check("stop", 7, "", "stop: not running");
    service.check("status", 3, "not running", "");
}

TEST_CASE("command line: with --lsb nothing to do is success", "[control]") {
    Commands service;
    service.check("stop --lsb", 0, "", "");
    const pid_t daemon = service.start("start --lsb");
    service.check("start --lsb", 0, "", "");
    CHECK(text_of(service.pid_file()) == std::to_string(daemon) + '\n');
    CHECK(service.run("start").status == 1);

    Scene& scene = service.scene();
    const Daemonizer same{PidFile{service.pid_file().c_str()}, SignalFd<SIGTERM>{}, Wires{}};
    const auto run = [&](const char* words) {
        return scene.outcome_of(begin_line(scene, same, obey, words, {.lsb = true}));
    };
    CHECK(run("start").status == 0);
    CHECK(run("stop").status == 0);
    service.check_stopped(daemon);
    CHECK(run("stop").status == 0);
    CHECK(run("reload").status != 0);

    // Only a service that runs is a success: what keeps a start from it is still said.
    REQUIRE(::symlink("/dev/null", service.pid_file().c_str()) == 0);
    service.check("start --lsb", 1, "", "pid file: " + service.pid_file() + ": is a symbolic link");
    service.check("stop --lsb", 1, "", "stop: " + service.pid_file() + ": is a symbolic link");
}

TEST_CASE("control: an outcome has its words and an exit status", "[control]") {
    const auto words = [](const ControlResult& result) {
        return std::string{result.text()} + ' ' + std::to_string(result.exit_status());
    };
    CHECK(words({outcome::done, 7}) == "done 0");
    CHECK(words({outcome::not_running}) == "not running 7");
    CHECK(words({outcome::still_running, 7}) == "still running 1");
    CHECK(words({outcome::refused, 0, EPERM, "why"}) == "why 4");
    CHECK(words({outcome::refused, 0, EACCES, "why"}) == "why 4");
    CHECK(words({outcome::refused, 0, ELOOP, "why"}) == "why 1");
    CHECK(ServiceStatus{state::stopped}.text() == std::string{"not running"});
    CHECK(ServiceStatus{state::unknown, 0, 0, EACCES, "why"}.text() == std::string{"why"});
}

TEST_CASE("command line: status of a service that has not ended well", "[control]") {
    Commands service;
    Scene& scene = service.scene();
    const std::string& path = service.pid_file();
    const pid_t daemon = service.start();
    ::kill(daemon, SIGKILL);
    CHECK(scene.end_of(daemon) == -SIGKILL);
    service.check("status", 1, "not running, but its pid file remains: " + path, "");
    service.check("stop", 7, "", "stop: not running");

    const pid_t holder = begin_bystander(scene, [&] {
        must(lock_byte(::open(path.c_str(), O_RDWR), F_OFD_SETLK, F_WRLCK, 0), "lock");
    });
    service.check("status", 1, "the daemon is gone, a child of it still holds " + path, "");
    service.check("start", 1, "",
                  "pid file: " + path + ": the daemon is gone, a child of it still holds " + path);
    REQUIRE(::truncate(path.c_str(), 0) == 0);
    service.check("status", 4, "being started", "");
    service.check("stop", 1, "", "stop: " + path + ": is being started and has no pid yet");
    CHECK(scene.dismiss(holder) == 0);

    ::unlink(path.c_str());
    REQUIRE(::symlink("/dev/null", path.c_str()) == 0);
    service.check("status", 4, "", "status: " + path + ": is a symbolic link");
    service.check("stop", 1, "", "stop: " + path + ": is a symbolic link");
    service.check("restart", 1, "", "restart: " + path + ": is a symbolic link");
    service.check("try-restart", 1, "", "try-restart: " + path + ": is a symbolic link");
    service.check("start", 1, "", "pid file: " + path + ": is a symbolic link");
}

TEST_CASE("command line: no permission is 4", "[control]") {
    if (cannot_become_another())
        return;
    Commands service;
    Scene& scene = service.scene();
    const std::string& path = service.pid_file();
    const pid_t daemon = service.start();
    const auto as_another = [&](const char* verb) {
        const Outcome outcome = scene.run([&] {
            become(stranger());
            std::string name = "service", word = verb;
            char* argv[] = {name.data(), word.data(), nullptr};
            return command_line(Daemonizer{PidFile{path.c_str()}, SignalFd<SIGHUP>{}}, 2, argv,
                                obey);
        });
        CHECK(outcome.out == "");
        CHECK(outcome.status == 4);
        return outcome.err.substr(std::strlen(program_invocation_short_name) + 2);
    };
    CHECK(as_another("stop") == "stop: " + path + ": Operation not permitted\n");
    CHECK(as_another("reload") == "reload: " + path + ": Operation not permitted\n");
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    CHECK(as_another("status") == "status: " + path + ": Permission denied\n");
    CHECK(as_another("stop") == "stop: " + path + ": Permission denied\n");
    CHECK(as_another("restart") == "restart: " + path + ": Permission denied\n");
    CHECK(scene.heard() == "");
    service.check("stop", 0, "", "");
    service.check_stopped(daemon);
}

TEST_CASE("command line: restart and try-restart", "[control]") {
    Commands service;
    service.check("try-restart", 0, "", "");
    CHECK(service.scene().names() == "");
    const pid_t first = service.start("restart");
    const pid_t second = service.start("restart");
    CHECK(service.scene().number("signal") == SIGTERM);
    CHECK(service.scene().end_of(first) == 0);
    const pid_t third = service.start("try-restart --timeout 30");
    CHECK(service.scene().number("signal") == SIGTERM);
    CHECK(service.scene().end_of(second) == 0);
    CHECK(text_of(service.pid_file()) == std::to_string(third) + '\n');
    service.check("stop", 0, "", "");
    service.check_stopped(third);
}

TEST_CASE("command line: a program that was started again stops nobody", "[control]") {
    Commands service;
    Scene& scene = service.scene();
    const pid_t daemon = service.start();
    // As an upgrade would find it, with the arguments of the first start; but a stranger says so.
    const Daemonizer again{PidFile{service.pid_file().c_str()}, SignalFd<SIGTERM, SIGUSR2>{},
                           Upgrade<SIGUSR2>{}, Wires{}};
    for (const std::string verb : {"start --lsb", "restart", "try-restart"}) {
        INFO(verb);
        ::setenv("DAEMONIZER_HANDOVER", "9", 1);
        const Outcome outcome = scene.outcome_of(begin_line(scene, again, obey, verb));
        ::unsetenv("DAEMONIZER_HANDOVER");
        CHECK(outcome.status == 1);
        CHECK(outcome.err.find(": pid file: " + service.pid_file() + ": ") != std::string::npos);
        CHECK(scene.heard() == ""); // no signal was sent
        CHECK(scene.still_runs(daemon));
    }
    service.check("stop", 0, "", "");
    service.check_stopped(daemon);
}

TEST_CASE("command line: a failing new start of restart is reported", "[control]") {
    Commands service;
    Scene& scene = service.scene();
    const pid_t old = service.start();
    const pid_t restarts = begin_line(
        scene, Daemonizer{PidFile{service.pid_file().c_str()}, SignalFd<SIGTERM>{}},
        [](auto& daemon) { return daemon.fail(3, "no configuration"); }, "restart");
    check_refused(scene, scene.outcome_of(restarts), 3, "daemon: not ready: no configuration");
    service.check_stopped(old);
}

TEST_CASE("command line: --timeout and --force", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Daemonizer service{PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}};
    const auto run = [&](const std::string& words) {
        return scene.outcome_of(begin_line(scene, service, stubborn, words));
    };
    CHECK(run("start").status == 0);
    const pid_t daemon = scene.pid();
    for (const std::string verb : {"stop", "restart", "try-restart"}) {
        const Outcome outcome = run(verb + (verb == "stop" ? " --timeout 0" : " --timeout=00"));
        CHECK(outcome.status == 1);
        CHECK(outcome.out == "");
        CHECK(outcome.err ==
              line(verb + ": still running after 0 s, pid " + std::to_string(daemon)));
        CHECK(scene.still_runs(daemon));
    }
    CHECK(scene.heard() == "");
    std::string words = GENERATE("stop --timeout 0 --force", "stop --force --timeout=0",
                                 "restart --force --timeout 0");
    CHECK(run(words).status == 0);
    CHECK(scene.end_of(daemon) == -SIGKILL);
    if (words[0] == 'r')
        CHECK(words_of(status(service)) == "running " + scene.fact("pid"));
}

TEST_CASE("command line: reload", "[control]") {
    Commands service;
    service.check("reload", 7, "", "reload: not running");
    const pid_t daemon = service.start();
    service.check("reload", 0, "", "");
    CHECK(service.scene().number("signal") == SIGHUP);
    service.check("stop", 0, "", "");
    service.check_stopped(daemon);
}

TEST_CASE("command line: reload is refused where SIGHUP would end the daemon", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Daemonizer service{PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}};
    CHECK(scene.outcome_of(begin_line(scene, service, obey, "start")).status == 0);
    const pid_t daemon = scene.pid();
    const Outcome outcome = scene.outcome_of(begin_line(scene, service, obey, "reload"));
    CHECK(outcome.status == 3);
    CHECK(outcome.err == std::string{program_invocation_short_name} +
                             ": reload: not supported, SIGHUP would end the daemon\n");
    CHECK(scene.still_runs(daemon));
    CHECK(stop(service));
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.heard() == "signal 15\n");
}

TEMPLATE_TEST_CASE("command line: run stays in the foreground", "[control]",
                   (SignalFd<SIGTERM, SIGHUP>), (SignalFlag<SIGTERM, SIGHUP>),
                   (SignalFd<SIGTERM, SIGINT>), (SignalFlag<SIGINT, SIGTERM>)) {
    Scene scene;
    const std::string path = scene.path("x.pid"), log = scene.path("x.log");
    const Daemonizer service{PidFile{path.c_str()}, LogStdio{log.c_str()}, TestType{}, Wires{}};
    const auto body = [](auto& daemon) {
        tell_pid();
        std::printf("said\n");
        std::fflush(stdout);
        tell(daemon.reopen() ? "reopened" : "not reopened");
        daemon.ready();
        const int signal = daemon.wait();
        tell("signal " + std::to_string(signal));
        return signal == SIGTERM || signal == SIGINT ? 0 : 1;
    };
    const pid_t begun = begin_line(scene, service, body, "run");
    CHECK(scene.pid() == begun);
    scene.fact("reopened");
    CHECK(text_of(path) == std::to_string(begun) + '\n');
    CHECK(words_of(status(service)) == "running " + std::to_string(begun));

    const Outcome second = scene.outcome_of(begin_line(scene, service, body, "run"));
    CHECK(second.status == 1);
    CHECK(second.out == "said\n"); // the first one's: stdio is kept
    CHECK(second.err == std::string{program_invocation_short_name} + ": pid file: " + path +
                            ": already running, pid " + std::to_string(begun) + '\n');

    const int end = GENERATE(SIGINT, SIGTERM);
    ::kill(begun, end);
    const int expected = TestType::collects(SIGINT) ? end : SIGTERM;
    CHECK(scene.number("signal") == expected);
    CHECK(scene.end_of(begun) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("command line: run in the foreground where no signal is collected", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Daemonizer service{PidFile{path.c_str()}, Wires{}};
    const pid_t begun = begin_line(scene, service, serve, "run");
    CHECK(scene.pid() == begun);
    ::kill(begun, SIGINT);
    CHECK(scene.end_of(begun) == -SIGINT);
    CHECK(scene.names() == "");
}

TEST_CASE("command line: help", "[control]") {
    Commands service;
    const std::string name = program_invocation_short_name;
    std::string words = GENERATE("help", "--help", "-h");
    const Outcome help = service.run(words);
    CHECK(help.status == 0);
    CHECK(help.err == "");
    CHECK(help.out ==
          name + " - " + about + "\n\nusage: " + name +
              " start [--lsb] | run | reload | status | unit [OPTION...]\n"
              "       " +
              name +
              " stop | restart | try-restart [--timeout SECONDS] [--force] [OPTION...]\n"
              "       " +
              name +
              " help | --version\n\n"
              "  start        detach, and return once the daemon is ready\n"
              "  stop         SIGTERM, and wait until it is gone\n"
              "  restart      stop if it runs, then start\n"
              "  try-restart  restart only if it runs\n"
              "  reload       SIGHUP: read the configuration, reopen the logs\n"
              "  status       0 running, 1 dead with a pid file, 3 not running, 4 unknown\n"
              "  run          stay in the foreground; Ctrl-C ends it\n"
              "  unit         print a systemd unit\n\n"
              "  --timeout SECONDS  how long to wait for the end (10)\n"
              "  --force            then SIGKILL\n"
              "  --lsb              as an init script: success where start finds it running\n"
              "                     and stop finds it stopped\n" +
              own_options);
    CHECK(service.scene().names() == "");
}

TEST_CASE("command line: --version, where there is one", "[control]") {
    Commands service;
    const Outcome version = service.run("--version");
    CHECK(version.status == 0);
    CHECK(version.err == "");
    CHECK(version.out == std::string{program_invocation_short_name} + " 1.2\n");

    Scene& scene = service.scene();
    const Daemonizer plain{PidFile{service.pid_file().c_str()}};
    const auto run = [&](const char* words) {
        return scene.outcome_of(begin_line(scene, plain, serve, words, {}));
    };
    CHECK(run("--version").status == 2);
    const Outcome help = run("help");
    CHECK(help.status == 0);
    CHECK(help.out.find("usage: ") == 0);
    CHECK(help.out.find("version") == std::string::npos);
    CHECK(help.out.find("OPTION") == std::string::npos);
}

TEST_CASE("command line: what is not understood is usage on stderr, and 2", "[control]") {
    Commands service;
    const auto [words, complaint] = GENERATE(table<std::string, std::string>({
        {"", "a command is missing"},
        {"dance", "there is no command dance"},
        {"dance --force", "there is no command dance"},
        {"--force stop", "there is no command --force"},
        {"star", "there is no command star"},
        {"-x", "there is no command -x"},
        {"start now", "bad argument now"},
        {"start --force", "bad argument --force"},
        {"start --timeout 5", "bad argument --timeout"},
        {"status --timeout=5", "bad argument --timeout=5"},
        {"reload -f", "bad argument -f"},
        {"run --dir /x", "bad argument --dir"},
        {"unit x", "bad argument x"},
        {"help me", "stray argument me"},
        {"--help me", "stray argument me"},
        {"--version please", "stray argument please"},
        {"stop now", "bad argument now"},
        {"stop -xy", "bad argument -xy"},
        {"stop --", "bad argument --"},
        {"stop --time 5", "bad argument --time"},
        {"stop --forced", "bad argument --forced"},
        {"stop --force=yes", "bad argument --force=yes"},
        {"stop --timeout", "bad argument --timeout"},
        {"stop --timeout=", "bad argument "},
        {"stop --timeout soon", "bad argument soon"},
        {"stop --timeout 5s", "bad argument 5s"},
        {"stop --timeout -1", "bad argument -1"},
        {"stop --timeout=1.5", "bad argument 1.5"},
        {"stop --timeout 86401", "bad argument 86401"},
        {"stop --timeout 99999999999999999999", "bad argument 99999999999999999999"},
        {"stop --timeout 5 --timeout 6", "bad argument --timeout"},
        {"restart --lsb", "bad argument --lsb"},
        {"status --lsb", "bad argument --lsb"},
        {"start --lsb=no", "bad argument --lsb=no"},
    }));
    const Outcome outcome = service.run(words);
    const std::string name = program_invocation_short_name;
    CHECK(outcome.status == 2);
    CHECK(outcome.out == "");
    CHECK(outcome.err == name + ": " + complaint + "\nusage: " + name +
                             " COMMAND [OPTION...]; try: " + name + " --help\n");
    CHECK(service.scene().names() == "");
    CHECK(service.scene().heard() == "");
}

TEST_CASE("command line: what could not be printed is no success", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    std::string verb = GENERATE("help", "--version", "status", "unit");
    const pid_t daemon = start_daemon(scene, path, obey);
    const Outcome outcome = scene.run([&] {
        must(::dup2(::open("/dev/full", O_WRONLY), 1) == 1, "/dev/full");
        std::string name = "service";
        char* argv[] = {name.data(), verb.data(), nullptr};
        return command_line(Daemonizer{PidFile{path.c_str()}}, 2, argv, serve,
                            {nullptr, nullptr, "1"});
    });
    CHECK(outcome.status == 1);
    CHECK(outcome.err ==
          std::string{program_invocation_short_name} + ": stdout: cannot be written\n");
    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("command line: no control character of a name or a path reaches the terminal",
          "[control]") {
    Scene scene;
    const std::string path = scene.path("x\x1b[2J\xc2\x9b\x9b.pid");
    write_text(path, "4711\n");
    const pid_t child = scene.begin([&] {
        static char name[] = "ser\x1b[1mvice\xc2\x85";
        program_invocation_short_name = name;
        char verb[] = "status";
        char* argv[] = {name, verb, nullptr};
        const int status =
            command_line(Daemonizer{PidFile{path.c_str()}, SignalFd<SIGTERM>{}}, 2,
                         static_cast<char**>(argv), [](auto& daemon) { return daemon.wait(); });
        std::fflush(nullptr);
        return status;
    });
    const auto outcome = scene.outcome_of(child);
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "ser?[1mvice?: not running, but its pid file remains: " +
                             scene.path("x?[2J??.pid") + '\n');
    CHECK(outcome.err == "");
}
