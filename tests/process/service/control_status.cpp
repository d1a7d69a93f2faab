// SPDX-License-Identifier: BSL-1.0
// What is known of a service from its pid file, in every state that it can be in.
#include "control.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// On a busy machine a second may be over before anything has happened; here it never is.
struct Timeless : PosixHost {
    static auto now() -> long long { return 0; }
};

} // namespace

TEST_CASE("status: no file, or an empty one, is stopped", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    CHECK(words_of(status(path.c_str())) == "stopped");
    write_text(path, "");
    CHECK(words_of(status(path.c_str())) == "stopped");
    CHECK(status(path.c_str()).lsb() == 3);
    CHECK(text_of(path) == "");
}

TEST_CASE("status: a daemon that runs, with its pid and since when", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const time_t before = std::time(nullptr);
    const pid_t daemon = start_daemon(scene, path, obey);
    const ServiceStatus now = status(path.c_str());
    CHECK(words_of(now) == "running " + std::to_string(daemon));
    CHECK(now.lsb() == 0);
    CHECK(now.since >= before - 1); // a file's time stands still between two ticks
    CHECK(now.since <= std::time(nullptr));

    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
    CHECK(words_of(status(path.c_str())) == "stopped");
}

TEST_CASE("status: of a service by its composition", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const Daemonizer service{PidFile{path.c_str()}, SignalFd<SIGTERM>{}};
    CHECK(words_of(status(service)) == "stopped");
    const pid_t daemon = start_daemon(scene, path, obey);
    CHECK(status(service).pid == daemon);
    CHECK(wait_until_gone(service, 0).what == outcome::still_running);
    CHECK(signal(service, 0));
    CHECK(reload(service));
    CHECK(scene.number("signal") == SIGHUP);
    CHECK(stop(service));
    CHECK(words_of(status(service)) == "stopped");
}

TEST_CASE("status: a daemon that asks for its own keeps its lock", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, [&](auto& self) {
        tell_pid();
        tell("itself " + words_of(status(path.c_str())));
        tell("alive " + words_of(signal(path.c_str(), 0)));
        self.ready();
        return self.wait() == SIGTERM ? 0 : 1;
    });
    CHECK(scene.fact("itself") == "running " + std::to_string(daemon));
    CHECK(scene.fact("alive") == "done " + std::to_string(daemon));
    CHECK(words_of(status(path.c_str())) == "running " + std::to_string(daemon));
    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("status: a daemon that was killed is dead, with the number that it left", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, obey);
    ::kill(daemon, SIGKILL);
    CHECK(scene.end_of(daemon) == -SIGKILL);
    CHECK(words_of(status(path.c_str())) == "dead " + std::to_string(daemon));
    CHECK(status(path.c_str()).lsb() == 1);
    CHECK(words_of(stop(path.c_str())) == "not running");
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
}

TEST_CASE("status: locked and still empty is being started", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t starter = begin_bystander(scene, [&] {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
        must(lock_byte(fd, F_OFD_SETLK, F_WRLCK, 0), "lock");
    });
    CHECK(words_of(status(path.c_str())) == "starting");
    CHECK(status(path.c_str()).lsb() == 4);
    CHECK(words_of(stop(path.c_str())) == "refused: is being started and has no pid yet");
    CHECK(scene.dismiss(starter) == 0);
}

TEST_CASE("status: a start under way is given a moment to come out", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t late = scene.begin([&] {
        const int fd = ::open(path.c_str(), O_RDWR | O_CREAT, 0644);
        must(lock_byte(fd, F_OFD_SETLK, F_WRLCK, 0), "lock");
        tell("locked");
        await_gate();
        must(::dprintf(fd, "%d\n", getpid()) > 0 && lock_byte(fd, F_SETLK, F_WRLCK, 1), "record");
        await_gate();
        return 0;
    });
    scene.fact("locked");
    const pid_t asks = scene.begin([&] {
        tell("asks");
        detail::PidFileView view{Timeless{}, path.c_str()};
        tell("answer " + words_of(view.settled()));
        return 0;
    });
    scene.fact("asks");
    scene.let_go();
    CHECK(scene.fact("answer") == "running " + std::to_string(late));
    CHECK(scene.end_of(asks) == 0);
    CHECK(scene.dismiss(late) == 0);
}

TEST_CASE("status: a child that outlives its daemon is no daemon", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, [](auto& self) {
        const pid_t worker = ::fork();
        if (worker == 0) {
            await_gate();
            ::_exit(0);
        }
        tell("worker " + std::to_string(worker));
        return obey(self);
    });
    const pid_t worker = scene.pid("worker");
    CHECK(words_of(status(path.c_str())) == "running " + std::to_string(daemon));
    ::kill(daemon, SIGKILL);
    CHECK(scene.end_of(daemon) == -SIGKILL);
    CHECK(words_of(status(path.c_str())) == "orphaned " + std::to_string(daemon));
    CHECK(status(path.c_str()).lsb() == 1);
    CHECK(words_of(stop(path.c_str())) == "not running");
    CHECK(scene.dismiss(worker) == 0);
    CHECK(words_of(status(path.c_str())) == "dead " + std::to_string(daemon));
}

TEST_CASE("status: what cannot be read is unknown", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    CHECK(words_of(status("")) == "unknown: path is empty");
    CHECK(words_of(status(static_cast<const char*>(nullptr))) == "unknown: path is empty");
    const pid_t daemon = start_daemon(scene, path, obey);

    const std::string link = scene.path("link");
    REQUIRE(::symlink(path.c_str(), link.c_str()) == 0);
    CHECK(words_of(status(link.c_str())) == "unknown: is a symbolic link");
    CHECK(status(link.c_str()).lsb() == 4);
    CHECK(words_of(stop(link.c_str())) == "refused: is a symbolic link");

    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("status: another user may look and wait, where the file's mode lets him, and no more",
          "[control]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, obey);
    const std::string pid = std::to_string(daemon);
    const auto as_another = [&](auto ask) {
        return asked(scene, [&] {
            become(stranger());
            tell("answer " + words_of(ask()));
        });
    };
    CHECK(as_another([&] { return status(path.c_str()); }) == "running " + pid);
    CHECK(as_another([&] { return wait_until_gone(path.c_str(), 0); }) == "still running " + pid);
    CHECK(as_another([&] { return stop(path.c_str()); }) ==
          "refused " + pid + ": Operation not permitted");
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
    CHECK(as_another([&] { return status(path.c_str()); }) == "unknown: Permission denied");
    CHECK(as_another([&] { return stop(path.c_str()); }) == "refused: Permission denied");
    CHECK(stop(path.c_str()));
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("status: whoever may only read the file cannot pose as its daemon", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    write_text(path, "");
    const pid_t poser = begin_bystander(scene, [&] {
        const int fd = ::open(path.c_str(), O_RDWR);
        must(::dprintf(fd, "%d\n", getpid()) > 0, "write");
        const int reader = ::open(path.c_str(), O_RDONLY);
        must(lock_byte(reader, F_OFD_SETLK, F_RDLCK, 0), "lock");
        must(lock_byte(reader, F_SETLK, F_RDLCK, 1), "lock");
    });
    CHECK(words_of(status(path.c_str())) == "dead " + std::to_string(poser));
    CHECK(words_of(stop(path.c_str())) == "not running");
    CHECK(scene.dismiss(poser) == 0);
}

TEST_CASE("status: across pid namespaces the numbers say nothing", "[control]") {
    if (cannot("a pid namespace", [] { must(::unshare(CLONE_NEWPID) == 0, "unshare"); }))
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto in_a_namespace = [&](auto body) {
        return scene.begin([&] {
            must(::unshare(CLONE_NEWPID) == 0, "unshare");
            const pid_t init = ::fork();
            if (init == 0)
                ::_exit(body());
            int how;
            ::waitpid(init, &how, 0);
            return code_of(how);
        });
    };
    SECTION("a daemon inside, seen from outside") {
        const pid_t outer = in_a_namespace([&] {
            return Daemonizer{PidFile{path.c_str()}, NoFork{}, Wires{}}.run(serve);
        });
        scene.fact("pid");
        CHECK(words_of(status(path.c_str())) == "unknown: does not say who holds it");
        CHECK(words_of(stop(path.c_str())) == "refused: does not say who holds it");
        CHECK(scene.dismiss(outer) == 0);
    }
    SECTION("a daemon outside, seen from inside") {
        const pid_t daemon = start_daemon(scene, path, obey);
        const pid_t outer = in_a_namespace([&] {
            tell("status " + words_of(status(path.c_str())));
            tell("stop " + words_of(stop(path.c_str())));
            return 0;
        });
        CHECK(scene.end_of(outer) == 0);
        const std::string words = "is held by a process of another pid namespace";
        CHECK(scene.fact("status") == "unknown: " + words);
        CHECK(scene.fact("stop") == "refused: " + words);
        CHECK(stop(path.c_str()));
        CHECK(scene.end_of(daemon) == 0);
    }
}
