// SPDX-License-Identifier: BSL-1.0
// Pid files that were not written by a daemon that runs: whoever they name is left alone.
#include "control.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

/// How far a forgery goes.
enum class held { not_at_all, byte_0, byte_1, both };

/// `pid` and what might be taken for it, and for others that must not be signalled.
auto forgeries_of(const std::string& pid) -> std::vector<std::string> {
    return {pid + '\n',
            pid,
            pid + " \n",
            pid + "\n\n",
            pid + 'x',
            ' ' + pid + '\n',
            '-' + pid + '\n',
            std::string(16 - pid.size(), '0') + pid + "0",
            pid + std::string(1 << 20, '\n'),
            "18446744073709551616" + pid,
            "1\n",
            "0\n",
            "-1\n",
            "\n",
            "",
            "4294967297\n",
            "garbage\n",
            std::string(40, '9'),
            std::string(40, '0'),
            std::string(1, '\0')};
}

} // namespace

TEST_CASE("a forged pid file is refused, and the stranger lives", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const held how = GENERATE(held::not_at_all, held::byte_0, held::byte_1, held::both);
    const pid_t stranger = begin_bystander(scene, [] {});
    const std::string its_pid = std::to_string(stranger);
    const auto which = static_cast<std::size_t>(GENERATE(range(0, 20)));
    const std::string content = forgeries_of(its_pid).at(which);
    write_text(path, content);
    const pid_t forger = begin_bystander(scene, [&] {
        const int fd = ::open(path.c_str(), O_RDWR);
        if (how == held::byte_0 || how == held::both)
            must(lock_byte(fd, F_OFD_SETLK, F_WRLCK, 0), "lock");
        if (how == held::byte_1 || how == held::both)
            must(lock_byte(fd, F_SETLK, F_WRLCK, 1), "lock");
    });
    INFO("\"" << content.substr(0, 50) << "\", held " << static_cast<int>(how));

    const ServiceStatus now = detail::PidFileView{PosixHost{}, path.c_str()}.look();
    CHECK(now.what != state::running);
    CHECK(now.pid != 1);
    CHECK(now.pid >= 0);
    // settled() would only give each of them another second.
    if (content == its_pid + '\n' || how == held::not_at_all) {
        CHECK(!signal(path.c_str(), SIGTERM));
        CHECK(!stop(path.c_str(), {{SIGTERM, 0}, {SIGKILL, 0}}));
    }
    scene.let_go();
    scene.let_go();
    CHECK(scene.end_of(stranger) == 0);
    CHECK(scene.end_of(forger) == 0);
    CHECK(text_of(path) == content);
}

TEST_CASE("the word for a pid file that is held by another than it names", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const pid_t stranger = begin_bystander(scene, [] {});
    write_text(path, std::to_string(stranger) + '\n');
    const pid_t forger = begin_bystander(
        scene, [&] { must(lock_byte(::open(path.c_str(), O_RDWR), F_SETLK, F_WRLCK, 1), "lock"); });
    CHECK(words_of(status(path.c_str())) == "unknown: does not say who holds it");
    CHECK(words_of(stop(path.c_str())) == "refused: does not say who holds it");
    scene.let_go();
    scene.let_go();
    CHECK(scene.end_of(stranger) == 0);
    CHECK(scene.end_of(forger) == 0);
    CHECK(words_of(status(path.c_str())) == "dead " + std::to_string(stranger));
}

TEST_CASE("no file at all in the pid file's place", "[control]") {
    Scene scene;
    const std::string path = scene.path("x.pid"), target = scene.path("target");
    const pid_t daemon = start_daemon(scene, target, obey);
    std::string reason = "is not a regular file";
    SECTION("a directory") { REQUIRE(::mkdir(path.c_str(), 0755) == 0); }
    SECTION("a FIFO, which does not hang") { REQUIRE(::mkfifo(path.c_str(), 0644) == 0); }
    SECTION("a socket") {
        REQUIRE(::mknod(path.c_str(), S_IFSOCK | 0666, 0) == 0);
        reason = "No such device or address";
    }
    SECTION("a link to another daemon's pid file") {
        REQUIRE(::symlink(target.c_str(), path.c_str()) == 0);
        reason = "is a symbolic link";
    }
    CHECK(words_of(status(path.c_str())) == "unknown: " + reason);
    CHECK(words_of(stop(path.c_str())) == "refused: " + reason);
    CHECK(words_of(reload(path.c_str())) == "refused: " + reason);
    CHECK(words_of(wait_until_gone(path.c_str(), 30)) == "refused: " + reason);
    CHECK(words_of(status("/dev/null")) == "unknown: is not a regular file");
    CHECK(scene.heard() == "");
    CHECK(stop(target.c_str()));
    CHECK(scene.end_of(daemon) == 0);
}
