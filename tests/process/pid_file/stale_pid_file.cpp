// SPDX-License-Identifier: BSL-1.0
// What may stand where the pid file goes: stale files are taken over, all else is refused.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

auto start(Scene& scene, const std::string& path) -> Outcome {
    return scene.run([&] { return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve); });
}

/// RejectedComposition, for that reason, and the directory is as it was.
void check_no_pid_file(Scene& scene, const std::string& path, const std::string& reason) {
    const std::string before = scene.names();
    check_refused(scene, start(scene, path), 1, "pid file: " + path + ": " + reason);
    CHECK(scene.heard() == "");
    CHECK(scene.names() == before);
}

} // namespace

TEST_CASE("a stale pid file is taken over, whatever it says", "[stale]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t stranger = scene.begin([] {
        await_gate();
        return 17;
    });
    const std::string content = GENERATE_COPY(
        std::to_string(stranger) + '\n', std::to_string(stranger),
        std::to_string(::getpid()) + '\n', std::string{}, std::string{"0\n"}, std::string{"1\n"},
        std::string{"-1\n"}, std::string{"99999999999999999999\n"}, std::string{"\n\n"},
        std::string{"garbage\0more", 12}, std::string(1 << 20, '7'));
    write_text(path, content);
    INFO("content: " << content.substr(0, 40));
    REQUIRE(start(scene, path).status == 0);
    const pid_t daemon = scene.pid();
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == -SIGTERM);
    CHECK_FALSE(exists(path));
    CHECK(scene.dismiss(stranger) == 17); // never signalled
}

TEST_CASE("a symbolic link is not followed", "[stale]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), target = scene.path("target");
    SECTION("to a file") { write_text(target, "precious"); }
    SECTION("to nothing") {}
    const bool existed = exists(target);
    std::filesystem::create_symlink(target, path);
    check_no_pid_file(scene, path, "is a symbolic link");
    CHECK(exists(target) == existed);
    CHECK(text_of(target) == (existed ? "precious" : ""));
}

TEST_CASE("what is no regular file is no pid file", "[stale]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    SECTION("a FIFO, which does not hang either") {
        REQUIRE(::mkfifo(path.c_str(), 0644) == 0);
        check_no_pid_file(scene, path, "is not a regular file");
    }
    SECTION("a directory") {
        std::filesystem::create_directory(path);
        check_no_pid_file(scene, path, "Is a directory");
    }
    SECTION("a device") { check_no_pid_file(scene, "/dev/null", "is not a regular file"); }
}

TEST_CASE("a file with a second name is no pid file", "[stale]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), other = scene.path("other");
    write_text(other, "precious");
    std::filesystem::create_hard_link(other, path);
    check_no_pid_file(scene, path, "has more than one name");
    CHECK(text_of(other) == "precious");
}

TEST_CASE("someone else's file is no pid file", "[stale]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    write_text(path, "precious");
    SECTION("a user's, for root") {
        REQUIRE(::chown(path.c_str(), 12345, 12345) == 0);
        check_no_pid_file(scene, path, "belongs to another user");
        CHECK(text_of(path) == "precious");
    }
    SECTION("root's, for a user who may write to it: accepted, but its mode cannot be made exact") {
        REQUIRE(::chmod(path.c_str(), 0666) == 0);
        const Outcome outcome = scene.run([&] {
            become(stranger());
            return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve);
        });
        check_refused(scene, outcome, 1, "pid file: " + path + ": Operation not permitted");
    }
}

TEST_CASE("a path that is none", "[stale]") {
    Scene scene;
    SECTION("empty") { check_refused(scene, start(scene, ""), 1, "pid file: path: is empty"); }
    SECTION("null") {
        const char* const none = nullptr;
        check_refused(scene, scene.run([&] {
            return Daemonizer{PidFile{none}, Wires{}}.run(serve);
        }),
                      1, "pid file: path: is empty");
    }
    SECTION("too long: the line keeps its reason") {
        const std::string path = scene.path(std::string(5000, 'x'));
        const Outcome outcome = start(scene, path);
        const std::string reason = "...: File name too long\n";
        CHECK(outcome.status == 1);
        REQUIRE(outcome.err.size() > reason.size());
        CHECK(outcome.err.rfind(line("pid file: " + path).substr(0, 300), 0) == 0);
        CHECK(outcome.err.substr(outcome.err.size() - reason.size()) == reason);
    }
    SECTION("with a name too long") {
        const std::string path = scene.path(std::string(256, 'x'));
        check_no_pid_file(scene, path, "File name too long");
    }
    SECTION("with a line end in it: one line is said") {
        const std::string path = scene.path("a\nb/x.pid");
        check_refused(scene, start(scene, path), 1,
                      "pid file: " + scene.path("a?b/x.pid") + ": No such file or directory");
    }
    CHECK(scene.names() == "");
}

TEST_CASE("a relative path starts where the launcher stands, at the end too", "[stale]") {
    Scene scene;
    const bool compiled = GENERATE(true, false), killed = GENERATE(true, false);
    const Outcome outcome = scene.run([&] {
        must(::chdir(scene.directory().c_str()) == 0, "chdir");
        return compiled ? Daemonizer{PidFile<"x.pid">{}, Wires{}}.run(serve)
                        : Daemonizer{PidFile{"./x.pid"}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const pid_t daemon = scene.pid();
    CHECK(scene.names() == "x.pid");
    CHECK(text_of(scene.path("x.pid")) == std::to_string(daemon) + '\n');
    if (killed) {
        ::kill(daemon, SIGTERM);
        CHECK(scene.end_of(daemon) == -SIGTERM);
    } else {
        CHECK(scene.dismiss(daemon) == 0);
    }
    CHECK(scene.names() == "");
}
