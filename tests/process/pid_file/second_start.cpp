// SPDX-License-Identifier: BSL-1.0
// One daemon a pid file: a second start is refused, and touches nothing.
#include "kernel.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

auto start(Scene& scene, const std::string& path) -> Outcome {
    return scene.run([&] { return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve); });
}

auto status_of(const std::string& path) -> struct stat {
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return status;
}

auto same_time(const timespec& a, const timespec& b) -> bool {
    return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

void check_second_start_is_refused(Scene& scene, const std::string& path, pid_t owner) {
    const Outcome second = start(scene, path);
    CHECK(second.status == 1);
    CHECK(second.err ==
          line("pid file: " + path + ": already running, pid " + std::to_string(owner)));
}

/// Replaces the pid file between its opening and its locking, as often as it is told.
struct Replacing : PosixHost {
    inline static int times = 0;
    inline static std::string path;

    static auto lock(int fd, int command, struct flock& range) -> int {
        if (command == F_OFD_SETLK && times > 0) {
            const bool last = --times == 0;
            ::unlink(path.c_str());
            if (!last)
                write_text(path, "1234567\n");
        }
        return PosixHost::lock(fd, command, range);
    }
};

/// Another user starts the same daemon after this start has seen that there is no file. He cannot
/// open this start's draft, so he makes his file in place.
struct Meeting : PosixHost {
    inline static std::string path;

    static auto rename_to_new(int directory, const char* from, const char* to) -> int {
        const pid_t other = ::fork();
        if (other == 0) {
            become(stranger());
            ::_exit(Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve));
        }
        int status = -1;
        while (::waitpid(other, &status, 0) < 0 && errno == EINTR) {
        }
        tell("other " + std::to_string(code_of(status)));
        return PosixHost::rename_to_new(directory, from, to);
    }
};

} // namespace

TEST_CASE("a file that another user's start makes in place meanwhile is not replaced",
          "[second start]") {
    if (cannot_become_another())
        return;
    Scene scene;
    Meeting::path = scene.path("x.pid");
    REQUIRE(::chmod(scene.directory().c_str(), 0777) == 0);
    const Outcome start = scene.run([&] {
        return Daemonizer{Meeting{}, PidFile{Meeting::path.c_str()}, Wires{}}.run(serve);
    });
    CHECK(start.status == 1);
    CHECK(start.err == line("pid file: " + Meeting::path + ": belongs to another user"));
    CHECK(scene.fact("other") == "0");
    const pid_t daemon = scene.pid();
    CHECK(text_of(Meeting::path) == std::to_string(daemon) + '\n');
    CHECK(scene.names() == "x.pid");
    CHECK(scene.dismiss(daemon) == 0);
}

TEST_CASE("a second start is refused with the owner's pid, and the file stays as it was",
          "[second start]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    REQUIRE(start(scene, path).status == 0);
    const pid_t daemon = scene.pid();
    const struct stat before = status_of(path);

    Outcome second;
    SECTION("by the same program") { second = start(scene, path); }
    SECTION("with another mode and another umask") {
        second = scene.run([&] {
            ::umask(0);
            return Daemonizer{PidFile{path.c_str(), 0600}, Wires{}}.run(serve);
        });
    }
    SECTION("without forking") {
        second = scene.run([&] {
            return Daemonizer{NoFork{}, PidFile{path.c_str()}, Wires{}}.run(serve);
        });
    }
    CHECK(second.status == 1);
    CHECK(second.err ==
          line("pid file: " + path + ": already running, pid " + std::to_string(daemon)));
    CHECK(scene.heard() == "");
    const struct stat after = status_of(path);
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    CHECK(after.st_ino == before.st_ino);
    CHECK(after.st_mode == before.st_mode);
    CHECK(after.st_uid == before.st_uid);
    CHECK(same_time(after.st_mtim, before.st_mtim));
    CHECK(same_time(after.st_ctim, before.st_ctim));
    CHECK(scene.still_runs(daemon));
    CHECK(scene.dismiss(daemon) == 0);
    CHECK_FALSE(exists(path));
}

TEST_CASE("a daemon that is killed leaves a stale file, which the next start takes over",
          "[second start]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    REQUIRE(start(scene, path).status == 0);
    const pid_t first = scene.pid();
    ::kill(first, SIGKILL);
    CHECK(scene.end_of(first) == -SIGKILL);
    CHECK(text_of(path) == std::to_string(first) + '\n');

    REQUIRE(start(scene, path).status == 0);
    const pid_t second = scene.pid();
    CHECK(text_of(path) == std::to_string(second) + '\n');
    CHECK(scene.dismiss(second) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("two pid files are two daemons", "[second start]") {
    Scene scene;
    REQUIRE(start(scene, scene.path("a.pid")).status == 0);
    REQUIRE(start(scene, scene.path("b.pid")).status == 0);
    CHECK(scene.names() == "a.pid b.pid");
    scene.let_go();
    scene.let_go();
    CHECK(scene.end_of(scene.pid()) == 0);
    CHECK(scene.end_of(scene.pid()) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("a pid file that is unlinked or replaced between opening and locking is opened again",
          "[second start]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const int times = GENERATE(1, 2, 5);
    const Outcome outcome = scene.run([&] {
        Replacing::path = path;
        Replacing::times = times;
        return Daemonizer{Replacing{}, PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    const pid_t daemon = scene.pid();
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    check_second_start_is_refused(scene, path, daemon);
    CHECK(scene.dismiss(daemon) == 0);
    CHECK(scene.names() == "");
}

TEST_CASE("of many concurrent starts exactly one wins, and each loser names it", "[second start]") {
    constexpr int starters = 25;
    const int rounds = detail::is_under_valgrind() ? 8 : 80; // two thousand starts
    Scene scene;
    const std::string path = scene.path("x.pid");
    for (int round = 0; round != rounds; ++round) {
        int line_up[2];
        REQUIRE(::pipe2(line_up, O_CLOEXEC) == 0);
        std::vector<pid_t> launchers;
        for (int i = 0; i != starters; ++i)
            launchers.push_back(scene.begin([&] {
                ::close(line_up[1]);
                char byte;
                must(::read(line_up[0], &byte, 1) == 0, "line up");
                return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve);
            }));
        ::close(line_up[0]);
        ::close(line_up[1]); // and they are off
        int winners = 0;
        for (const pid_t launcher : launchers) {
            const int status = scene.end_of(launcher);
            CHECK((status == 0 || status == 1));
            winners += status == 0 ? 1 : 0;
        }
        REQUIRE(winners == 1);
        const pid_t daemon = scene.pid();
        CHECK(scene.heard() == "");
        std::string refusals;
        for (int i = 1; i != starters; ++i)
            refusals +=
                line("pid file: " + path + ": already running, pid " + std::to_string(daemon));
        CHECK(scene.err() == refusals);
        CHECK(scene.dismiss(daemon) == 0);
        REQUIRE(scene.names() == "");
    }
}
