// SPDX-License-Identifier: BSL-1.0
// The systemd unit of a composition, word for word. tests/control has it judged by systemd itself.
#include "control.hpp"

#include <daemonizer/command_line.hpp>

using namespace daemonizer;
using namespace launch;

namespace {

auto this_program() -> std::string { return std::filesystem::read_symlink("/proc/self/exe"); }

template <class Service>
auto ask_unit(Scene& scene, const Service& service, const char* directory,
              std::vector<const char*> arguments, const char* about) -> Outcome {
    return scene.run([&] {
        must(::chdir(directory) == 0, "chdir");
        std::string name = "service", verb = "unit";
        char* argv[] = {name.data(), verb.data()}; // no null pointer behind them
        arguments.push_back(nullptr);
        const int status =
            command_line(service, 2, argv, serve, {.about = about, .arguments = arguments.data()});
        std::fflush(stdout);
        return status;
    });
}

/// What `unit` prints, in a directory and with arguments of the program's own.
template <class Service>
auto unit_of(const Service& service, const char* directory = "/",
             const std::vector<const char*>& arguments = {}, const char* about = "serves")
    -> std::string {
    Scene scene;
    const Outcome outcome = ask_unit(scene, service, directory, arguments, about);
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
    CHECK(scene.names() == "");
    return outcome.out;
}

/// Why `unit` is refused; nothing is printed then.
template <class Service>
auto refusal_of(const Service& service, const char* directory = "/",
                const std::vector<const char*>& arguments = {}, const char* about = "serves")
    -> std::string {
    Scene scene;
    const Outcome outcome = ask_unit(scene, service, directory, arguments, about);
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "");
    const std::string begin = std::string{program_invocation_short_name} + ": unit: ";
    return outcome.err.rfind(begin, 0) == 0 ? outcome.err.substr(begin.size()) : outcome.err;
}

auto lines_with(const std::string& unit, const std::string& key) -> std::string {
    std::istringstream lines{unit};
    std::string found;
    for (std::string line; std::getline(lines, line);)
        if (line.rfind(key + '=', 0) == 0)
            found += line + '\n';
    return found;
}

auto target() -> std::string { return ::geteuid() == 0 ? "multi-user" : "default"; }

/// `service unit`, of a program that takes no arguments. Returns the exit status.
auto print_unit() -> int {
    std::string name = "service", verb = "unit";
    char* argv[] = {name.data(), verb.data()};
    const char* const none[] = {nullptr};
    const int status = command_line(Daemonizer<PidFile<"/var/lib/x.pid">>{}, 2, argv, serve,
                                    {.about = "serves", .arguments = none});
    std::fflush(stdout);
    return status;
}

} // namespace

TEST_CASE("unit: a daemon that reloads", "[control]") {
    CHECK(unit_of(Daemonizer<PidFile<"/var/lib/x.pid">, SignalFd<SIGTERM, SIGHUP>>{}) ==
          "[Unit]\nDescription=serves\n\n[Service]\nType=forking\nPIDFile=/var/lib/x.pid\n"
          "ExecStart=" +
              this_program() + " start\nExecReload=" + this_program() +
              " reload\nKillMode=mixed\nRestart=on-failure\n\n[Install]\nWantedBy=" + target() +
              ".target\n");
}

TEST_CASE("unit: a service that does not fork, nor reload", "[control]") {
    CHECK(unit_of(Daemonizer<PidFile<"/var/lib/x.pid">, NoFork>{}, "/", {}, nullptr) ==
          std::string{"[Unit]\nDescription="} + program_invocation_short_name +
              "\n\n[Service]\nType=exec\nExecStart=" + this_program() +
              " run\nKillMode=mixed\nRestart=on-failure\n\n[Install]\nWantedBy=" + target() +
              ".target\n");
}

TEST_CASE("unit: a composition that notifies needs no pid file to be found", "[control]") {
    const auto type_of = [](const auto& service) {
        const std::string unit = unit_of(service);
        return lines_with(unit, "Type") + lines_with(unit, "PIDFile") +
               lines_with(unit, "ExecStart").substr(("ExecStart=" + this_program()).size());
    };
    using Pid = PidFile<"/var/lib/x.pid">;
    CHECK(type_of(Daemonizer<Pid, AutoFork, SystemdNotify>{}) == "Type=notify\n start\n");
    CHECK(type_of(Daemonizer<Pid, NoFork, SystemdNotify>{}) == "Type=notify\n run\n");
    CHECK(type_of(Daemonizer<Pid, DoubleFork, SystemdNotify>{}) == "Type=notify\n start\n");
    CHECK(type_of(Daemonizer<Pid, AutoFork>{}) == "Type=exec\n start\n");
}

TEST_CASE("unit: a watchdog and a socket only where they are asked for", "[control]") {
    const auto asked = [](const auto& service, std::vector<std::string> words) {
        Scene scene;
        return scene.run([&] {
            words.insert(words.begin(), {"service", "unit"});
            std::vector<char*> argv;
            for (std::string& word : words)
                argv.push_back(word.data());
            const int status =
                command_line(service, static_cast<int>(argv.size()), argv.data(), serve);
            std::fflush(stdout);
            return status;
        });
    };
    const Daemonizer<PidFile<"/var/lib/x.pid">, SystemdNotify, Watchdog, ListenSockets> service{};
    CHECK(lines_with(asked(service, {"--watchdog", "30"}).out, "WatchdogSec") ==
          "WatchdogSec=30\n");
    CHECK(lines_with(asked(service, {}).out, "WatchdogSec") == "");
    CHECK(lines_with(asked(service, {"--watchdog", "30"}).out, "ExecStart") ==
          "ExecStart=" + this_program() + " start\n"); // not repeated
    CHECK(lines_with(asked(service, {"--watchdog", "30"}).out, "NotifyAccess") == "");
    CHECK(lines_with(asked(service, {"--watchdog", "30"}).out, "WatchdogSignal") == "");
    const auto below_a_monitor = [&](const auto& fork, std::vector<std::string> words) {
        const Daemonizer monitored{PidFile<"/var/lib/x.pid">{}, fork, Monitor<3, 60>{},
                                   SystemdNotify{}, Watchdog{}};
        const std::string unit = asked(monitored, std::move(words)).out;
        return lines_with(unit, "NotifyAccess") + lines_with(unit, "WatchdogSec") +
               lines_with(unit, "WatchdogSignal");
    };
    CHECK(below_a_monitor(DoubleFork{}, {"--watchdog", "30"}) ==
          "NotifyAccess=all\nWatchdogSec=30\nWatchdogSignal=SIGKILL\n");
    CHECK(below_a_monitor(DoubleFork{}, {}) == "NotifyAccess=all\n");
    CHECK(below_a_monitor(AutoFork{}, {"--watchdog", "30"}) ==
          "WatchdogSec=30\n"); // has none there
    const std::string socket = asked(service, {"--socket", "web=[::1]:80"}).out;
    CHECK(socket.find("[Socket]\nListenStream=[::1]:80\nFileDescriptorName=web\n") !=
          std::string::npos);
    for (const char* const wrong : {"0", "-1", "x", "1s", "", "9999999999"})
        CHECK(asked(service, {"--watchdog", wrong}).status == 2);
    for (const char* const wrong : {"80", "=80", "web=", "a:b=80", "a b=80", ""})
        CHECK(asked(service, {"--socket", wrong}).status == 2);
    const Daemonizer<PidFile<"/var/lib/x.pid">> plain{};
    CHECK(asked(plain, {"--watchdog", "30"}).status == 2);
    CHECK(asked(plain, {"--socket", "web=80"}).status == 2);
}

TEST_CASE("unit: the program's own options are repeated, quoted where they must be", "[control]") {
    const Daemonizer<PidFile<"/var/lib/x.pid">, SignalFd<SIGHUP>> service{};
    const std::string unit = unit_of(service, "/",
                                     {"--dir=/a-b_c.d", "--name", "two words", "", "100%", "$HOME",
                                      "a\"b\\c", "l\nm", "a;b", "'", "\xc3\xa4"});
    const std::string words = R"( --dir=/a-b_c.d --name "two words" "" "100%%" "$$HOME" )"
                              R"("a\"b\\c" "l\x0am" "a;b" "'" )"
                              "\"\xc3\xa4\"\n";
    CHECK(lines_with(unit, "ExecStart") == "ExecStart=" + this_program() + " start" + words);
    CHECK(lines_with(unit, "ExecReload") == "ExecReload=" + this_program() + " reload" + words);
}

TEST_CASE("unit: specifiers in the texts are none", "[control]") {
    const Daemonizer<PidFile<"/var/lib/100%n.pid">> service{};
    const std::string unit = unit_of(service, "/", {}, "is 100%h honest");
    CHECK(lines_with(unit, "PIDFile") == "PIDFile=/var/lib/100%%n.pid\n");
    CHECK(lines_with(unit, "Description") == "Description=is 100%%h honest\n");
}

TEST_CASE("unit: a relative pid file keeps the directory it is relative to", "[control]") {
    const std::string unit = unit_of(Daemonizer<PidFile<"x.pid">>{}, "/usr/share");
    CHECK(lines_with(unit, "PIDFile") == "PIDFile=/usr/share/x.pid\n");
    CHECK(lines_with(unit, "WorkingDirectory") == "WorkingDirectory=/usr/share\n");
}

TEST_CASE("unit: only a directory of the service's own is asked for", "[control]") {
    if (::geteuid() != 0)
        return; // a user's: see below
    const auto directory_of = [](const std::string& pid_file) {
        return lines_with(unit_of(Daemonizer{PidFile{pid_file.c_str()}}), "RuntimeDirectory");
    };
    CHECK(directory_of("/run/x.pid") == "");
    CHECK(directory_of("/run//x.pid") == "");
    CHECK(directory_of("/run/./x.pid") == "");
    CHECK(directory_of("/runs/x/x.pid") == "");
    CHECK(directory_of("/run/lock/x.pid") == "");
    CHECK(directory_of("/run/lock/lock.pid") == "");
    CHECK(directory_of("/run/user/1000/x.pid") == "");
    CHECK(directory_of("/run/user/user.pid") == "");
    CHECK(directory_of("/run/systemd/systemd.pid") == "");
    CHECK(directory_of("/run/y/x.pid") == "");
    CHECK(directory_of("/run/.pid/.pid") == "");
    CHECK(directory_of("/run/dz-x/dz-x.pid") == "RuntimeDirectory=dz-x\n");
    CHECK(directory_of("/run/dz-x/dz-x") == "RuntimeDirectory=dz-x\n");
    CHECK(directory_of("/run//dz-x/./dz-x.pid") == "RuntimeDirectory=dz-x\n");
    CHECK(directory_of("/var/run/dz-x/y/dz-x.pid") == "RuntimeDirectory=dz-x/y\n");
    CHECK(directory_of("/run/a b:100%/a b:100%.pid") == "RuntimeDirectory=\"a b\\:100%%\"\n");
}

TEST_CASE("unit: instances that share the program's directory keep it", "[control]") {
    if (::geteuid() != 0)
        return;
    const std::string name = program_invocation_short_name;
    const std::string unit = unit_of(Daemonizer{PidFile{("/run/" + name + "/one.pid").c_str()}});
    CHECK(lines_with(unit, "RuntimeDirectory") == "RuntimeDirectory=" + name + '\n');
    CHECK(lines_with(unit, "RuntimeDirectoryPreserve") == "RuntimeDirectoryPreserve=yes\n");
}

TEST_CASE("unit: a directory that others use is not asked for", "[control]") {
    Scene scene;
    const std::string runtime = scene.path("run"), own = runtime + "/x", pid_file = own + "/x.pid";
    REQUIRE((::mkdir(runtime.c_str(), 0700) == 0 && ::mkdir(own.c_str(), 0700) == 0));
    if (::geteuid() == 0 && cannot_become_another())
        return;
    REQUIRE(::chmod(runtime.c_str(), 0755) == 0);
    const auto directory = [&] {
        const Outcome outcome = scene.run([&] {
            if (::geteuid() == 0) {
                must(::chown(own.c_str(), stranger(), stranger()) == 0, "chown");
                become(stranger());
            }
            ::setenv("XDG_RUNTIME_DIR", (runtime + '/').c_str(), 1);
            std::string name = "service", verb = "unit";
            char* argv[] = {name.data(), verb.data()};
            const int status = command_line(Daemonizer{PidFile{pid_file.c_str()}}, 2, argv, serve);
            std::fflush(stdout);
            return status;
        });
        CHECK(outcome.err == "");
        return lines_with(outcome.out, "RuntimeDirectory");
    };
    const auto make = [&](const char* name) { std::ofstream{own + '/' + name}; };
    CHECK(directory() == "RuntimeDirectory=x\n");
    make("x.pid");
    make("x.log");
    CHECK(directory() == "RuntimeDirectory=x\n");
    make("y.pid");
    CHECK(directory() == "");
    REQUIRE(::unlink((own + "/y.pid").c_str()) == 0);
    REQUIRE(::chmod(own.c_str(), 0777) == 0);
    CHECK(directory() == "");
    std::filesystem::remove_all(runtime);
}

TEST_CASE("unit: what a unit cannot say is refused with the reason", "[control]") {
    const auto refused_path = [](const char* path) {
        return refusal_of(Daemonizer{PidFile{path}});
    };
    const std::string cannot = "has a control character or no UTF-8, which no unit can say\n";
    for (const char* const path : {"/run/x\rExecStartPre=/bin/y", "/run/x\n.pid", "/run/\x7f.pid",
                                   "/run/\xc2\x85.pid", "/run/\xff.pid", "/run/\xed\xa0\x80.pid"})
        CHECK(refused_path(path) == "PIDFile: " + cannot);
    CHECK(refused_path("/run/x\\") == "PIDFile: ends with a backslash, which no unit can say\n");
    CHECK(refused_path("/run/x ") ==
          "PIDFile: begins or ends with a space, which no unit can say\n");
    CHECK(refused_path("/run/../etc/x.pid") ==
          "pid file: has .. in it, which a unit does not take\n");
    CHECK(refused_path("../x.pid") == "pid file: has .. in it, which a unit does not take\n");
    CHECK(refused_path("") == "pid file: is empty\n");
    CHECK(refused_path(std::string(5000, 'x').c_str()) == "pid file: is too long\n");

    const Daemonizer<PidFile<"/run/x.pid">> service{};
    for (const char* const about : {"a\rb", "a\nb", "a\x1b[1m", "\xc3", "\xc2\x9b"})
        CHECK(refusal_of(service, "/", {}, about) == "Description: " + cannot);
    CHECK(refusal_of(service, "/", {}, "a\\") ==
          "Description: ends with a backslash, which no unit can say\n");
    CHECK(lines_with(unit_of(service, "/", {}, "a\\b \xc3\xa4"), "Description") ==
          "Description=a\\b \xc3\xa4\n");
}

TEST_CASE("unit: arguments may be anything", "[control]") {
    const Daemonizer<PidFile<"/run/x.pid">> service{};
    const std::string unit =
        unit_of(service, "/", {"a\r", "b\\", "\xff", "\xc2\x85", "\xe2\x82\xac", "\t "});
    CHECK(lines_with(unit, "ExecStart") ==
          "ExecStart=" + this_program() +
              " start \"a\\x0d\" \"b\\\\\" \"\\xff\" \"\\xc2\\x85\" \"\xe2\x82\xac\" \"\\x09 \"\n");
}

TEST_CASE("unit: take_option's words are repeated, and the verb stands where it stood",
          "[control]") {
    Scene scene;
    const Outcome outcome = scene.run([] {
        std::string words[] = {"service", "--dir", "/x", "unit", "--quick", "behind"};
        char* argv[6];
        std::transform(std::begin(words), std::end(words), argv,
                       [](std::string& word) { return word.data(); });
        int argc = 5;
        take_option(argc, argv, "--dir");
        take_flag(argc, argv, "--quick");
        const Daemonizer<PidFile<"/run/x.pid">> service{};
        const int taken = command_line(service, argc, argv, serve);
        const char* all[] = {"-i", "unit", argv[1], "-v", nullptr};
        const int named = command_line(service, argc, argv, serve, {.arguments = all});
        const char* overwritten[] = {"-i", argv[0], nullptr};
        const int broken = command_line(service, argc, argv, serve, {.arguments = overwritten});
        std::fflush(stdout);
        return taken * 100 + named * 10 + broken;
    });
    CHECK(outcome.status == 1);
    CHECK(lines_with(outcome.out, "ExecStart") ==
          "ExecStart=" + this_program() + " start --dir /x --quick\nExecStart=" + this_program() +
              " --dir /x --quick -i unit start -v\n");
    CHECK(outcome.err.find(": unit: arguments: not all ") != std::string::npos);
}

TEST_CASE("unit: of a user's service manager", "[control]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const Outcome outcome = scene.run([] {
        become(stranger());
        ::setenv("XDG_RUNTIME_DIR", "/run/user/1000", 1);
        std::string name = "service", verb = "unit";
        char* argv[] = {name.data(), verb.data(), nullptr};
        for (const char* const path :
             {"/run/user/1000/x.pid", "/run/user/1000/x/x.pid", "/run/x/x.pid"})
            (void)command_line(Daemonizer{PidFile{path}}, 2, argv, serve);
        std::fflush(stdout);
        return 0;
    });
    CHECK(outcome.err == "");
    CHECK(lines_with(outcome.out, "RuntimeDirectory") == "RuntimeDirectory=x\n");
    CHECK(lines_with(outcome.out, "WantedBy").find("WantedBy=default.target\n") == 0);
}

TEST_CASE("unit: a relative pid file without a directory to stand in", "[control]") {
    Scene scene;
    const std::string gone = scene.path("gone");
    const Outcome outcome = scene.run([&] {
        must(::mkdir(gone.c_str(), 0755) == 0 && ::chdir(gone.c_str()) == 0 &&
                 ::rmdir(gone.c_str()) == 0,
             "directory");
        std::string name = "service", verb = "unit";
        char* argv[] = {name.data(), verb.data(), nullptr};
        return command_line(Daemonizer{PidFile{"x.pid"}}, 2, argv, serve);
    });
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "");
    CHECK(outcome.err ==
          std::string{program_invocation_short_name} + ": unit: .: No such file or directory\n");
}

TEST_CASE("unit: is refused where /proc does not tell the program", "[control]") {
    if (cannot_filter())
        return;
    Scene scene;
    const Outcome outcome = scene.run([] {
#ifdef SYS_readlink
        deny(SYS_readlink, EACCES);
#endif
        deny(SYS_readlinkat, EACCES);
        return print_unit();
    });
    CHECK(outcome.status == 1);
    CHECK(outcome.out == "");
    CHECK(outcome.err ==
          std::string{program_invocation_short_name} + ": unit: program: Permission denied\n");
}

TEST_CASE("the unit of a program whose file is replaced while it runs", "[.][replaced program]") {
    const char* const wanted = std::getenv("REPLACE");
    if (wanted == nullptr) // by hand: the tests themselves are not to be deleted
        return;
    const std::string path = this_program(), how = wanted;
    if (how != "kept")
        must(::unlink(path.c_str()) == 0, "unlink");
    if (how == "by a program" || how == "by a text") {
        write_text(path, "#!/bin/sh\n");
        must(::chmod(path.c_str(), how == "by a program" ? 0755 : 0644) == 0, "chmod");
    }
    ::_exit(print_unit());
}

TEST_CASE("unit: names the file that stands where the running program's stood", "[control]") {
    struct Case {
        const char *how, *name;
        bool is_found;
    };
    const Case now =
        GENERATE(Case{"kept", "program", true}, Case{"by a program", "program", true},
                 Case{"by a text", "program", false}, Case{"deleted", "program", false},
                 Case{"kept", "program (deleted)", true});
    CAPTURE(now.how, now.name);
    Scene scene;
    const std::string path = scene.path(now.name);
    std::error_code error; // another file system
    std::filesystem::create_hard_link(this_program(), path, error);
    if (error)
        std::filesystem::copy_file(this_program(), path);
    const Outcome outcome = scene.run([&] {
        ::setenv("REPLACE", now.how, 1);
        ::execl(path.c_str(), "test", "[replaced program]", nullptr);
        return 97;
    });
    CHECK(outcome.status == (now.is_found ? 0 : 1));
    const std::string word = path.find(' ') == std::string::npos ? path : '"' + path + '"';
    CHECK(lines_with(outcome.out, "ExecStart") ==
          (now.is_found ? "ExecStart=" + word + " start\n" : ""));
    if (!now.is_found)
        CHECK(outcome.err == "test: unit: program: has been deleted since this process began\n");
}
