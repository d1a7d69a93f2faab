// SPDX-License-Identifier: BSL-1.0
// Whoever may only read the pid file can neither hold up a start nor make it fail.
#include "control.hpp"

#include <csignal>

using namespace daemonizer;
using namespace launch;

namespace {

auto lock_all(int fd, int command) -> bool {
    struct flock range {};
    range.l_type = F_RDLCK;
    range.l_whence = SEEK_SET;
    return ::fcntl(fd, command, &range) == 0;
}

/// A daemon that can be controlled.
void check_service(Scene& scene, const std::string& path, pid_t daemon) {
    CHECK(text_of(path) == std::to_string(daemon) + '\n');
    CHECK(words_of(status(path.c_str())) == "running " + std::to_string(daemon));
    CHECK(words_of(stop(path.c_str())) == "done " + std::to_string(daemon));
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.names() == "");
}

} // namespace

TEMPLATE_TEST_CASE("a reader's lock on a stale pid file does not hold up a start", "[readers]",
                   NoFork, SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const std::string path = scene.path("x.pid");
    write_text(path, "1234567\n");
    const int command = GENERATE(F_SETLK, F_OFD_SETLK);
    const pid_t reader = begin_bystander(scene, [&] {
        const int fd = ::open(path.c_str(), O_RDONLY);
        must(fd >= 0 && lock_all(fd, command), "lock");
    });
    const pid_t launcher = scene.begin([&] {
        return Daemonizer{TestType{}, PidFile{path.c_str()}, SignalFd<SIGTERM>{}, Wires{}}.run(
            obey);
    });
    const pid_t daemon = scene.pid();
    if (TestType::detaches)
        CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.err() == "");
    check_service(scene, path, daemon);
    CHECK(scene.dismiss(reader) == 0);
}

TEST_CASE("a reader that locks whatever it can makes no start fail", "[readers]") {
    if (cannot_become_another())
        return;
    Scene scene;
    const std::string path = scene.path("x.pid");
    std::vector<pid_t> readers;
    for (int i = 0; i != 2; ++i)
        readers.push_back(scene.begin([&] {
            become(stranger());
            tell("reader");
            for (;;)
                if (const int fd = ::open(path.c_str(), O_RDONLY); fd >= 0) {
                    // What a start may be replaced under, it keeps open; nothing is to be gained.
                    for (int attempt = 0; attempt != 100; ++attempt)
                        lock_all(fd, F_OFD_SETLK) || lock_byte(fd, F_OFD_SETLK, F_RDLCK, 1);
                    ::close(fd);
                }
            return 0;
        }));
    for ([[maybe_unused]] const pid_t reader : readers)
        scene.fact("reader");
    const int rounds = detail::is_under_valgrind() ? 5 : 60;
    for (int round = 0; round != rounds; ++round) {
        const pid_t daemon = start_daemon(scene, path, obey); // fails if the start does
        CHECK(words_of(status(path.c_str())) == "running " + std::to_string(daemon));
        if (round % 3 == 0) { // leaves a file that they can lock
            ::kill(daemon, SIGKILL);
            CHECK(scene.end_of(daemon) == -SIGKILL);
        } else {
            CHECK(stop(path.c_str()));
            CHECK(scene.end_of(daemon) == 0);
        }
    }
    for (const pid_t reader : readers) {
        ::kill(reader, SIGKILL);
        CHECK(scene.end_of(reader) == -SIGKILL);
    }
}

TEST_CASE("a second start is refused at once, a reader's lock or not", "[readers]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t daemon = start_daemon(scene, path, obey);
    const pid_t reader = begin_bystander(scene, [&] {
        const int fd = ::open(path.c_str(), O_RDONLY);
        must(fd >= 0 && lock_byte(fd, F_SETLK, F_RDLCK, 2), "lock");
    });
    const Outcome second = scene.run([&] {
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run(serve);
    });
    CHECK(second.status == 1);
    CHECK(second.err ==
          line("pid file: " + path + ": already running, pid " + std::to_string(daemon)));
    check_service(scene, path, daemon);
    CHECK(scene.dismiss(reader) == 0);
}
