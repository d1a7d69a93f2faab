// SPDX-License-Identifier: BSL-1.0
// Syslog against a /dev/log of our own, which only the starter's mounts have.
#include "kernel.hpp"

#include <sys/un.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// The socket that syslog(3) speaks to, in a directory that becomes the starter's /dev.
class Log {
public:
    explicit Log(const Scene& scene)
        : dev_{scene.path("dev")}, socket_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)} {
        std::filesystem::create_directory(dev_);
        write_text(dev_ + "/null", "");
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, (dev_ + "/log").c_str(), sizeof address.sun_path - 1);
        REQUIRE(socket_ >= 0);
        REQUIRE(::bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    }
    Log(const Log&) = delete;
    auto operator=(const Log&) -> Log& = delete;
    ~Log() { ::close(socket_); }

    void become_dev() const {
        take_private_mounts();
        must(::mount("/dev/null", (dev_ + "/null").c_str(), "none", MS_BIND, nullptr) == 0,
             "/dev/null");
        must(::mount(dev_.c_str(), "/dev", "none", MS_BIND | MS_REC, nullptr) == 0, "/dev");
    }

    /// The next message without its time: "<30>ident[pid]: text".
    auto message() const -> std::string {
        pollfd entry{socket_, POLLIN, 0};
        REQUIRE(::poll(&entry, 1, 30'000) == 1);
        char text[4096];
        const auto size = ::recv(socket_, text, sizeof text, 0);
        REQUIRE(size > 0);
        std::string all(text, static_cast<std::size_t>(size));
        const auto time = all.find('>') + 1;
        return all.erase(time, sizeof "Jan  1 00:00:00 " - 1);
    }
    auto is_empty() const -> bool {
        pollfd entry{socket_, POLLIN, 0};
        return ::poll(&entry, 1, 0) == 0;
    }

private:
    std::string dev_;
    int socket_;
};

/// A start whose /dev/log is `log`; then the daemon's pid.
template <class... Policies, class Body>
auto start(Scene& scene, const Log& log, const Daemonizer<Policies...>& composition, Body body)
    -> std::string {
    const auto outcome = scene.run([&] {
        log.become_dev();
        return composition.run(body);
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
    return scene.fact("pid");
}

} // namespace

TEST_CASE("the daemon's messages go to syslog, and its own syslog(3) calls", "[syslog]") {
    if (cannot_mount())
        return;
    Scene scene;
    const Log log{scene};
    const auto body = [](auto& daemon) {
        tell_pid();
        daemon.ready();
        daemon.log(LOG_INFO, "100% well");
        ::syslog(LOG_WARNING, "%d warnings", 2);
        return 0;
    };
    std::string pid, ident, facility = "3";
    SECTION("with an ident known when compiled") {
        ident = "clockd";
        pid = start(scene, log, Daemonizer<Syslog<"clockd">, Wires>{}, body);
    }
    SECTION("with an ident known at run time") {
        ident = "other";
        pid = start(scene, log, Daemonizer{Syslog{"other"}, Wires{}}, body);
    }
    CHECK(log.message() == "<30>" + ident + '[' + pid + "]: 100% well");
    CHECK(log.message() == "<28>" + ident + '[' + pid + "]: 2 warnings");
    CHECK(scene.end_of(std::stoi(pid)) == 0);
    CHECK(log.is_empty());
}

TEST_CASE("a program that has spoken to syslog before goes on speaking to it", "[syslog]") {
    if (cannot_mount())
        return;
    Scene scene;
    const Log log{scene};
    const auto body = [](auto& daemon) {
        int client[2]; // takes the numbers that have become free
        must(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, client) == 0, "socketpair");
        tell_pid();
        daemon.ready();
        ::syslog(LOG_ERR, "secret");
        char text[64];
        const bool leaked = ::recv(client[0], text, sizeof text, MSG_DONTWAIT) >= 0 ||
                            ::recv(client[1], text, sizeof text, MSG_DONTWAIT) >= 0;
        struct stat standard_input {}; // libc must not close what has taken its number, either
        must(::fstat(0, &standard_input) == 0, "stdin");
        tell(leaked ? "leaked" : S_ISSOCK(standard_input.st_mode) ? "stdin is syslog's" : "kept");
        return 0;
    };
    const auto speak = [](const auto& composition, const auto& then) {
        ::openlog("before", LOG_PID, LOG_DAEMON);
        ::syslog(LOG_WARNING, "deprecated");
        return composition.run(then);
    };
    std::string ident = program_invocation_short_name;
    const auto start_so = [&](const auto& composition, bool closed_stdio = false) {
        const auto outcome = scene.run([&] {
            log.become_dev();
            if (closed_stdio)
                ::close(0);
            return speak(composition, body);
        });
        CHECK(outcome.status == 0);
        CHECK(outcome.err == "");
    };
    SECTION("where descriptors are closed") { start_so(Daemonizer<Wires>{}); }
    SECTION("where descriptors are closed, and the connection was on 0") {
        start_so(Daemonizer<Wires>{}, true);
    }
    SECTION("where Syslog is composed") {
        ident = "own";
        start_so(Daemonizer<Syslog<"own">, Wires>{});
    }
    SECTION("where Syslog is composed and descriptors are kept, and the connection was on 0") {
        ident = "own";
        start_so(Daemonizer<Syslog<"own">, KeepDescriptors>{}, true);
    }
    SECTION("where descriptors are kept") {
        ident = "before";
        start_so(Daemonizer<KeepDescriptors>{});
    }
    const std::string pid = scene.fact("pid");
    CHECK(log.message().find("]: deprecated") != std::string::npos);
    CHECK(log.message() == "<27>" + ident + '[' + pid + "]: secret");
    scene.fact("kept");
    CHECK(scene.end_of(std::stoi(pid)) == 0);
    CHECK(log.is_empty());
}

TEST_CASE("facility and mask of priorities are as asked for", "[syslog]") {
    if (cannot_mount())
        return;
    Scene scene;
    const Log log{scene};
    const std::string pid =
        start(scene, log, Daemonizer<Syslog<"x", LOG_LOCAL3, LOG_UPTO(LOG_WARNING)>, Wires>{},
              [](auto& daemon) {
                  tell_pid();
                  daemon.ready();
                  daemon.log(LOG_INFO, "dropped");
                  daemon.log(LOG_WARNING, "kept");
                  return 0;
              });
    CHECK(log.message() ==
          "<" + std::to_string(LOG_LOCAL3 | LOG_WARNING) + ">x[" + pid + "]: kept");
    CHECK(scene.end_of(std::stoi(pid)) == 0);
    CHECK(log.is_empty());
}

TEST_CASE("what goes wrong after ready goes to syslog, and before it to the launcher alone",
          "[syslog]") {
    if (cannot_mount())
        return;
    Scene scene;
    const Log log{scene};
    SECTION("after: fail()") {
        const std::string pid =
            start(scene, log, Daemonizer<Syslog<"x">, Wires>{}, [](auto& daemon) {
                tell_pid();
                daemon.ready();
                return daemon.fail(3, "no more descriptors");
            });
        CHECK(scene.end_of(std::stoi(pid)) == 3);
        CHECK(log.message() == "<27>x[" + pid + "]: daemon: failed: no more descriptors");
    }
    SECTION("after: a log that cannot be opened anew") {
        const std::string file = scene.path("x.log");
        const std::string pid =
            start(scene, log, Daemonizer{Syslog<"x">{}, LogStdio{file.c_str()}, Wires{}},
                  [&](auto& daemon) {
                      tell_pid();
                      daemon.ready();
                      ::unlink(file.c_str());
                      ::mkdir(file.c_str(), 0700);
                      return daemon.reopen() ? 1 : 0;
                  });
        CHECK(scene.end_of(std::stoi(pid)) == 0);
        CHECK(log.message() == "<27>x[" + pid + "]: stdio: reopen: Is a directory");
    }
    SECTION("after: the launcher was gone") {
        const pid_t launcher = scene.begin([&] {
            log.become_dev();
            return Daemonizer<Syslog<"x">, Wires>{}.run([](auto& daemon) {
                tell_pid();
                await_gate();
                daemon.ready();
                return 0;
            });
        });
        const pid_t daemon = scene.pid();
        ::kill(launcher, SIGKILL);
        scene.end_of(launcher);
        CHECK(scene.dismiss(daemon) == 1);
        // "Connection reset by peer" where it died before it had heard who the daemon is.
        CHECK(log.message().starts_with("<27>x[" + std::to_string(daemon) +
                                        "]: daemon: not ready, the launcher is gone: "));
    }
    SECTION("before") {
        const auto outcome = scene.run([&] {
            log.become_dev();
            return Daemonizer<Syslog<"x">, Wires>{}.run(
                [](auto& daemon) { return daemon.fail(3, "no configuration"); });
        });
        check_refused(scene, outcome, 3, "daemon: not ready: no configuration");
    }
    CHECK(log.is_empty());
}

TEST_CASE("with any of 0-2 closed the descriptor of syslog lands on none of them", "[syslog]") {
    if (cannot_mount())
        return;
    const int closed = GENERATE(range(0, 8));
    INFO("closed: " << closed);
    Scene scene;
    const Log log{scene};
    const std::string file = scene.path("x.log");
    const auto body = [](auto& daemon) {
        tell_pid();
        daemon.ready();
        daemon.log(LOG_INFO, "message");
        for (int fd = 0; fd != 3; ++fd)
            if (::write(fd, "output\n", 7) != 7)
                continue;
        return 0;
    };
    const auto close_some = [&] {
        for (int fd = 0; fd != 3; ++fd)
            if ((closed & (1 << fd)) != 0)
                ::close(fd);
    };
    Outcome outcome;
    SECTION("replaced") {
        outcome = scene.run([&] {
            log.become_dev();
            close_some();
            return Daemonizer{Syslog<"x">{}, LogStdio{file.c_str()}, Wires{}}.run(body);
        });
    }
    SECTION("kept") {
        outcome = scene.run([&] {
            log.become_dev();
            close_some();
            return Daemonizer<Syslog<"x">, KeepStdio, Wires>{}.run(body);
        });
    }
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    CHECK(scene.end_of(daemon) == 0);
    CHECK(log.message() == "<30>x[" + std::to_string(daemon) + "]: message");
    CHECK(log.is_empty());
}

TEST_CASE("a syslog that is not there is no error", "[syslog]") {
    if (cannot_mount())
        return;
    Scene scene;
    const Log log{scene};
    REQUIRE(::unlink((scene.path("dev") + "/log").c_str()) == 0);
    const std::string pid = start(scene, log, Daemonizer<Syslog<"x">, Wires>{}, [](auto& daemon) {
        tell_pid();
        daemon.ready();
        return daemon.fail(3, "said to nobody");
    });
    CHECK(scene.end_of(std::stoi(pid)) == 3);
}
