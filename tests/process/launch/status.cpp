// SPDX-License-Identifier: BSL-1.0
// status(): one line on the terminal of a start, and none of it elsewhere.
#include "supervision/manager.hpp"

#include <sys/ioctl.h>

using namespace daemonizer;
using namespace launch;

namespace {

/// A terminal whose other side the test reads.
class Terminal {
public:
    explicit Terminal(unsigned short columns = 0) {
        master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
        REQUIRE(::grantpt(master_) == 0);
        REQUIRE(::unlockpt(master_) == 0);
        slave_ = ::open(::ptsname(master_), O_RDWR | O_NOCTTY | O_CLOEXEC);
        winsize size{};
        size.ws_col = columns;
        ::ioctl(slave_, TIOCSWINSZ, &size);
    }
    Terminal(const Terminal&) = delete;
    auto operator=(const Terminal&) -> Terminal& = delete;
    ~Terminal() {
        ::close(master_);
        ::close(slave_);
    }
    void become_stderr() const { ::dup2(slave_, 2); }

    /// All that was written, with the removal of a line as "[clear]".
    auto text() const -> std::string {
        ::fcntl(master_, F_SETFL, O_NONBLOCK);
        std::string all;
        char piece[1024];
        for (ssize_t size; (size = ::read(master_, piece, sizeof piece)) > 0;)
            all.append(piece, static_cast<std::size_t>(size));
        const std::string clear = "\r\033[K";
        for (std::size_t at; (at = all.find(clear)) != std::string::npos;)
            all.replace(at, clear.size(), "[clear]");
        return all;
    }

private:
    int master_, slave_;
};

/// "PROGRAM: text", as it stands on the terminal.
auto shown(const std::string& text) -> std::string {
    return "[clear]" + std::string{program_invocation_short_name} + ": " + text;
}

constexpr auto load = [](auto& daemon) {
    daemon.status("loading 1");
    daemon.status("load\n2");
    daemon.ready();
    daemon.status("serving");
    return 0;
};

} // namespace

TEMPLATE_TEST_CASE("each status replaces the one before, and ready removes it", "[status]", NoFork,
                   SingleFork, DoubleFork, HandoffFork, AutoFork) {
    Scene scene;
    const Terminal terminal;
    const std::string all = shown("loading 1") + shown("load?2") + "[clear]";
    const auto outcome = scene.run([&] {
        forget_supervisors();
        terminal.become_stderr();
        return Daemonizer<TestType, Wires>{}.run(load);
    });
    CHECK(outcome.status == 0);
    CHECK(terminal.text() == all);
}

TEMPLATE_TEST_CASE("what does not start leaves its reason alone on the terminal", "[status]",
                   NoFork, DoubleFork, HandoffFork) {
    Scene scene;
    const Terminal terminal;
    const auto outcome = scene.run([&] {
        terminal.become_stderr();
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.status("loading");
            return daemon.fail(3, "no configuration");
        });
    });
    CHECK(outcome.status == 3);
    CHECK(terminal.text() == shown("loading") + shown("daemon: not ready: no configuration\r\n"));
}

TEMPLATE_TEST_CASE("where stderr is no terminal nothing is shown", "[status]", NoFork, DoubleFork) {
    Scene scene;
    const auto outcome = scene.run([&] { return Daemonizer<TestType, Wires>{}.run(load); });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
}

TEST_CASE("start() shows nothing", "[status]") {
    Scene scene;
    const Terminal terminal;
    scene.run([&] {
        terminal.become_stderr();
        auto running = Daemonizer<Wires>{}.start();
        return running->is_launcher() ? 0 : load(*running);
    });
    CHECK(terminal.text() == "");
}

TEST_CASE("a status is cut at the terminal's width", "[status]") {
    Scene scene;
    const auto width = static_cast<unsigned short>(GENERATE(30, 1, 0, 1000));
    const Terminal terminal{width};
    scene.run([&] {
        terminal.become_stderr();
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            daemon.status(std::string(5000, 'x').c_str());
            daemon.ready();
        });
    });
    const std::string text = terminal.text();
    const std::size_t most = width == 0 ? 80 : width;
    CHECK(text.size() < most + 2 * 7); // [clear] twice
    CHECK(text.substr(text.size() - 7) == "[clear]");
}

TEST_CASE("a worker's status is not shown", "[status]") {
    Scene scene;
    const Terminal terminal;
    scene.run([&] {
        terminal.become_stderr();
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            const pid_t worker = ::fork();
            if (worker == 0) {
                daemon.status("of a worker");
                ::_exit(0);
            }
            ::waitpid(worker, nullptr, 0);
            daemon.ready();
        });
    });
    CHECK(terminal.text() == "");
}

TEMPLATE_TEST_CASE("a notify policy gets each status, also after ready", "[status]", NoFork,
                   DoubleFork) {
    Scene scene;
    Manager manager{scene.path("notify")};
    const pid_t starter = scene.begin([&] {
        be_told(manager.name());
        return Daemonizer<TestType, SystemdNotify, Wires>{}.run([](auto& daemon) {
            tell_pid();
            return load(daemon);
        });
    });
    const pid_t daemon = scene.pid();
    CHECK(scene.end_of(daemon) == 0);
    if (daemon != starter)
        CHECK(scene.end_of(starter) == 0);
    CHECK(manager.next().text == "STATUS=loading 1");
    // A launcher says it as it stands on the terminal.
    CHECK(manager.next().text == (daemon == starter ? "STATUS=load 2" : "STATUS=load?2"));
    CHECK(manager.next().text.find("READY=1") != std::string::npos);
    CHECK(manager.all() == "STATUS=serving\nSTOPPING=1\n");
}

TEST_CASE("a launcher that is stopped holds up no status", "[status]") {
    Scene scene;
    const pid_t launcher = scene.begin([&] {
        return Daemonizer<Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            for (int i = 0; i != 10'000; ++i)
                daemon.status("loading");
            tell("loaded");
            daemon.ready();
        });
    });
    const pid_t daemon = scene.pid();
    stop(scene, launcher);
    scene.let_go();
    scene.fact("loaded");
    ::kill(launcher, SIGCONT);
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == 0);
}

TEST_CASE("a daemon that only says how far it has come is ended by StartTimeout", "[status]") {
    Scene scene;
    const auto outcome = scene.run([&] {
        return Daemonizer<StartTimeout<1>, Wires>{}.run([](auto& daemon) {
            for (;;)
                daemon.status("loading");
        });
    });
    CHECK(outcome.status == 124);
    CHECK(scene.strays() == "");
}
