// SPDX-License-Identifier: BSL-1.0
// The systemd unit of a composition, word for word. tests/control has it judged by systemd itself.
#include "control.hpp"

#include <daemonizer/command_line.hpp>

using namespace daemonizer;
using namespace launch;

namespace {

auto this_program() -> std::string { return std::filesystem::read_symlink("/proc/self/exe"); }

/// What `unit` prints, in a directory and with the words that take_option took.
template <class Service>
auto unit_of(const Service& service, const char* directory = "/",
             std::vector<std::string> options = {}, const char* about = "serves") -> std::string {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        must(::chdir(directory) == 0, "chdir");
        std::string name = "service", verb = "unit";
        std::vector<char*> argv{name.data(), verb.data()};
        for (std::string& word : options)
            argv.push_back(word.data());
        argv.push_back(nullptr);
        const int status = command_line(service, 2, argv.data(), serve, {about, nullptr, nullptr});
        std::fflush(stdout);
        return status;
    });
    CHECK(outcome.err == "");
    CHECK(outcome.status == 0);
    CHECK(scene.names() == "");
    return outcome.out;
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
    const std::string unit = unit_of(service, "/", {}, "is 100%h\nhonest");
    CHECK(lines_with(unit, "PIDFile") == "PIDFile=/var/lib/100%%n.pid\n");
    CHECK(lines_with(unit, "Description") == "Description=is 100%%h honest\n");
}

TEST_CASE("unit: a relative pid file keeps the directory it is relative to", "[control]") {
    const std::string unit = unit_of(Daemonizer<PidFile<"x.pid">>{}, "/usr/share");
    CHECK(lines_with(unit, "PIDFile") == "PIDFile=/usr/share/x.pid\n");
    CHECK(lines_with(unit, "WorkingDirectory") == "WorkingDirectory=/usr/share\n");
}

TEST_CASE("unit: a directory below the runtime directory is asked for", "[control]") {
    const auto directory_of = [](const char* pid_file) {
        return lines_with(unit_of(Daemonizer{PidFile{pid_file}}), "RuntimeDirectory");
    };
    if (::geteuid() == 0) {
        CHECK(directory_of("/run/x.pid") == "");
        CHECK(directory_of("/runs/x/x.pid") == "");
        CHECK(directory_of("/run/x/x.pid") == "RuntimeDirectory=x\n");
        CHECK(directory_of("/var/run/x/y/x.pid") == "RuntimeDirectory=x/y\n");
        CHECK(directory_of("/run/a b:100%/x.pid") == "RuntimeDirectory=\"a b\\:100%%\"\n");
    }
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
            command_line(Daemonizer{PidFile{path}}, 2, argv, serve);
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
