// SPDX-License-Identifier: BSL-1.0
// Five thousand inherited descriptors, and none of the ways to close them for sure.
#include "kernel.hpp"

#include <sys/socket.h>

using namespace daemonizer;
using namespace launch;

namespace {

constexpr int many = 5000;

/// At least `many` descriptors, with the limit at its maximum. The test's machine may allow fewer.
auto open_many() -> int {
    rlimit limit{};
    must(::getrlimit(RLIMIT_NOFILE, &limit) == 0, "RLIMIT_NOFILE");
    limit.rlim_cur = limit.rlim_max;
    must(::setrlimit(RLIMIT_NOFILE, &limit) == 0, "RLIMIT_NOFILE");
    int fd = 2, last = 2;
    while (last < many && (fd = ::dup(0)) >= 0)
        last = fd;
    must(last > 202, "dup");
    return last;
}

/// Without /proc: every descriptor that is open, up to `last`.
auto open_descriptors(int last) -> std::string {
    std::string all;
    for (int fd = 0; fd <= last; ++fd)
        if (::fcntl(fd, F_GETFD) >= 0)
            all += (all.empty() ? "" : " ") + std::to_string(fd);
    return all;
}

/// What is open in a daemon that keeps `Keep...`, of all that `prepare` leaves to it.
template <int... Keep, class Prepare>
auto left_open(Scene& scene, Prepare prepare) -> std::string {
    const auto outcome = scene.run([&] {
        prepare();
        const int last = open_many();
        return Daemonizer<CloseDescriptors<facts, gate, Keep...>>{}.run([last](auto& daemon) {
            daemon.ready();
            tell("open " + open_descriptors(last));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    return scene.fact("open");
}

void unmount_proc() {
    take_private_mounts();
    must(::umount2("/proc", MNT_DETACH) == 0, "umount /proc");
}

} // namespace

TEST_CASE("of 5000 inherited descriptors only the named ones stay open", "[descriptors]") {
    Scene scene;
    const std::string kept = "0 1 2 3 77 200 201 900";
    SECTION("with close_range") {
        CHECK(left_open<3, 77, 900>(scene, [] {}) == kept);
    }
    SECTION("with close_range, when a named one is not open") {
        CHECK(left_open<3, 77, 900, 1 << 24>(scene, [] {}) == kept);
    }
    SECTION("where the kernel has no close_range") {
        if (!cannot_filter())
            CHECK(left_open<3, 77, 900>(scene, [] { deny(SYS_close_range, ENOSYS); }) == kept);
    }
    SECTION("where a sandbox refuses close_range") {
        if (!cannot_filter())
            CHECK(left_open<3, 77, 900>(scene, [] { deny(SYS_close_range, EPERM); }) == kept);
    }
    SECTION("without /proc") {
        if (!cannot_mount())
            CHECK(left_open<3, 77, 900>(scene, unmount_proc) == kept);
    }
    SECTION("without both") {
        if (!cannot_mount() && !cannot_filter())
            CHECK(left_open<3, 77, 900>(scene, [] {
                      unmount_proc();
                      deny(SYS_close_range, EPERM);
                  }) == kept);
    }
}

TEST_CASE("a socket that was opened before the start is kept", "[descriptors]") {
    Scene scene;
    const auto outcome = scene.run([] {
        const int listener = ::socket(AF_UNIX, SOCK_STREAM, 0);
        const int last = open_many();
        return Daemonizer{CloseDescriptors{listener, facts, gate, -1}}.run([=](auto& daemon) {
            daemon.ready();
            int type = 0;
            socklen_t size = sizeof type;
            must(::getsockopt(listener, SOL_SOCKET, SO_TYPE, &type, &size) == 0, "listener");
            tell("listener " + std::to_string(listener));
            tell("open " + open_descriptors(last));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    CHECK(scene.fact("open") == "0 1 2 " + scene.fact("listener") + " 200 201");
}

TEST_CASE("0-2 are not kept by CloseDescriptors", "[descriptors]") {
    Scene scene;
    check_refused(scene, scene.run([] {
        return Daemonizer{CloseDescriptors{facts, gate, 1}}.run(serve);
    }),
                  1, "descriptors: 1: is left to the stdio policy; name those above 2");
    CHECK(scene.heard() == "");
}

TEST_CASE("a composition spares what it holds itself", "[descriptors]") {
    Scene scene;
    const std::string pid = scene.path("x.pid");
    const bool filtered = GENERATE(false, true);
    if (filtered && cannot_filter())
        return;
    const auto outcome = scene.run([&] {
        if (filtered)
            deny(SYS_close_range, ENOSYS);
        must(::chdir(scene.directory().c_str()) == 0, "chdir");
        const int last = open_many();
        return Daemonizer{PidFile{"x.pid"}, LogStdio{"x.log"}, SignalFd<SIGTERM>{}, Wires{}}.run(
            [last](auto& daemon) {
                tell_pid();
                tell("before " + open_descriptors(last + 10));
                daemon.ready();
                std::string after = open_descriptors(last + 10);
                tell("signals " + std::to_string(daemon.descriptor()));
                tell("after " + after);
                return daemon.wait() == SIGTERM ? 0 : 1;
            });
    });
    CHECK(outcome.status == 0);
    const auto count = [](const std::string& list) {
        return std::count(list.begin(), list.end(), ' ') + 1;
    };
    // 0-2, the wires, the pid file and its directory, the log's directory, the signals; before
    // ready the report as well.
    CHECK(count(scene.fact("before")) == 10);
    CHECK(count(scene.fact("after")) == 9);
    CHECK(scene.number("signals") > 2);
    const pid_t daemon = scene.pid();
    CHECK(text_of(pid) == std::to_string(daemon) + '\n');
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.names() == "x.log");
}

TEST_CASE("KeepDescriptors closes none, and nothing of ours is left after ready", "[descriptors]") {
    Scene scene;
    const auto outcome = scene.run([] {
        const std::string before = open_descriptors(1000);
        return Daemonizer<KeepDescriptors>{}.run([&](auto& daemon) {
            daemon.ready();
            tell(open_descriptors(1000) == before ? "same" : "other");
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    scene.fact("same");
}

TEST_CASE("what a daemon executes inherits nothing of ours", "[descriptors]") {
    Scene scene;
    const std::string pid = scene.path("x.pid"), log = scene.path("x.log");
    const auto outcome = scene.run([&] {
        return Daemonizer{PidFile{pid.c_str()}, LogStdio{log.c_str()}, SignalFd<SIGTERM>{},
                          Syslog<"x">{}, Wires{}}
            .run([](auto& daemon) { // before ready: the report is open
                std::string inherited;
                for (int fd = 0; fd != 1000; ++fd)
                    if (const int flags = ::fcntl(fd, F_GETFD); flags >= 0 && flags != FD_CLOEXEC)
                        inherited += ' ' + std::to_string(fd);
                tell("inherited" + inherited);
                daemon.ready();
                return 0;
            });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("inherited") == "0 1 2 200 201");
}
