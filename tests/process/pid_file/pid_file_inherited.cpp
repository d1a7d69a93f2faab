// SPDX-License-Identifier: BSL-1.0
// A start that has descriptors of its own pid file, and steps that close one: the daemon stays
// named, since closing any of them would release byte 1.
#include "control.hpp"

#include <csignal>

using namespace daemonizer;
using namespace launch;

namespace {

/// As a shell leaves it: `exec 9>>FILE`, `<FILE`, `2>>FILE`, or flock(1).
void inherit(const std::string& path, int as) {
    const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_APPEND, 0644);
    must(fd >= 0 && ::dup2(fd, as) == as, "inherit");
    if (fd != as)
        ::close(fd);
}

void check_service(Scene& scene, const std::string& path, pid_t daemon) {
    CHECK(words_of(status(path.c_str())) == "running " + std::to_string(daemon));
    CHECK(words_of(stop(path.c_str())) == "done " + std::to_string(daemon));
    CHECK(scene.end_of(daemon) == 0);
}

struct own_step_slot : own_slot {
    static constexpr const char* name = "own step";
};
/// Opens and closes the pid file in the given phase, as any program may.
template <phase At>
struct LookAt {
    const char* path;

    struct Look : step<At> {
        static constexpr const char* name = "look";
        static auto run(const auto& start, const LookAt& policy) -> bool {
            const int fd = ::open(policy.path, O_RDONLY | O_CLOEXEC);
            return start.check(::close(fd), policy.path);
        }
    };
    using slot = own_step_slot;
    using steps = step_list<Look>;
};

/// Waits at the gate in the given phase.
template <phase At>
struct PauseIn {
    struct Pause : step<At> {
        static constexpr const char* name = "pause";
        static auto run(const auto&, const auto&) -> bool {
            tell("pauses");
            await_gate();
            return true;
        }
    };
    using slot = own_step_slot;
    using steps = step_list<Pause>;
};

} // namespace

TEMPLATE_TEST_CASE("a start that inherits a descriptor of its pid file", "[inherited]", NoFork,
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int as = GENERATE(0, 2, 9);
    const bool keeps = GENERATE(true, false), stale = GENERATE(true, false);
    if (stale)
        write_text(path, "1234567\n");
    const pid_t launcher = scene.begin([&] {
        inherit(path, as);
        const SignalFd<SIGTERM> term;
        return keeps ? Daemonizer{TestType{}, PidFile{path.c_str()}, term, KeepStdio{},
                                  KeepDescriptors{}}
                           .run(obey)
                     : Daemonizer{TestType{}, PidFile{path.c_str()}, term, Wires{}}.run(obey);
    });
    const pid_t daemon = scene.pid();
    if (TestType::detaches)
        CHECK(scene.end_of(launcher) == 0);
    check_service(scene, path, daemon);
    CHECK(scene.names() == "");
}

TEST_CASE("the same where the file cannot be replaced", "[inherited]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int as = GENERATE(0, 9);
    const Outcome outcome = scene.run([&] {
        write_text(path, "1234567\n");
        must(::chown(path.c_str(), stranger(), stranger()) == 0, "chown");
        become(stranger());
        inherit(path, as);
        return Daemonizer{PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}}.run(obey);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    check_service(scene, path, scene.pid());
    CHECK(scene.names() == "x.pid"); // emptied, since it may not be unlinked
    CHECK(text_of(path) == "");
}

TEST_CASE("a name that leaves no room for the draft's", "[inherited]") {
    Scene scene;
    std::string name(251, 'x');
    name += ".pid";
    const pid_t daemon = start_daemon(scene, scene.path(name), obey);
    CHECK(scene.names() == name);
    check_service(scene, scene.path(name), daemon);
}

TEMPLATE_TEST_CASE("a step that opens and closes the pid file", "[inherited]",
                   LookAt<phase::targets>, LookAt<phase::identity>, LookAt<phase::stdio>) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const bool forks = GENERATE(true, false);
    const pid_t launcher = scene.begin([&] {
        const SignalFd<SIGTERM> term;
        return forks ? Daemonizer{PidFile{path.c_str()}, term, TestType{path.c_str()}, Wires{}}.run(
                           obey)
                     : Daemonizer{NoFork{}, PidFile{path.c_str()}, term, TestType{path.c_str()},
                                  Wires{}}
                           .run(obey);
    });
    const pid_t daemon = scene.pid();
    if (forks)
        CHECK(scene.end_of(launcher) == 0);
    check_service(scene, path, daemon);
}

TEST_CASE("until the daemon is named it is being started, and only the starter may look",
          "[inherited]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{PidFile{path.c_str()}, SignalFd<SIGTERM>{}, PauseIn<phase::targets>{},
                          Wires{}}
            .run(obey);
    });
    scene.fact("pauses");
    CHECK(text_of(path) != "");
    CHECK(detail::PidFileView{PosixHost{}, path.c_str()}.look().what == state::starting);
    CHECK(words_of(signal(path.c_str(), SIGHUP)) == "refused: is being started and has no pid yet");
    struct stat file {};
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 07777) == 0600);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    REQUIRE(::stat(path.c_str(), &file) == 0);
    CHECK((file.st_mode & 07777) == 0644);
    check_service(scene, path, scene.pid());
}

TEMPLATE_TEST_CASE("a limit that leaves no room for the number is said", "[inherited]", NoFork,
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Outcome outcome = scene.run([&] {
        const rlimit none{0, 0};
        must(::setrlimit(RLIMIT_FSIZE, &none) == 0, "RLIMIT_FSIZE");
        return Daemonizer{TestType{}, PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    check_refused(scene, outcome, 1, "pid file: " + path + ": File too large");
    CHECK(scene.names() == "");
}
