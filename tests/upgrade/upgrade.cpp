// SPDX-License-Identifier: BSL-1.0
// A new program in the place of the old one: nobody who asks meanwhile is refused, and a new one
// that cannot start changes nothing.
#include "launch.hpp"

#include <daemonizer/control.hpp>

#include <atomic>
#include <sys/un.h>
#include <thread>

using namespace daemonizer;
using namespace launch;

namespace {

/// Connects and asks; true when the answer comes.
auto answers(const std::string& path) -> bool {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char byte = '?';
    const bool done = ::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
                      ::send(fd, &byte, 1, MSG_NOSIGNAL) == 1 && ::read(fd, &byte, 1) == 1 &&
                      byte == '?';
    ::close(fd);
    return done;
}

struct Server {
    Scene& scene;
    std::string program = scene.path("server");
    pid_t process = 0;

    explicit Server(Scene& of, const char* how = "") : scene{of} {
        std::filesystem::copy_file(SERVER, program);
        const Outcome outcome = scene.run([&] { return execute(how); });
        INFO(outcome.err);
        REQUIRE(outcome.status == 0);
        process = serves();
        CHECK(recorded() == process);
    }

    auto execute(const char* how) const -> int {
        ::setenv("VARIABLE", "of the start", 1);
        ::umask(027);
        if (::chdir(scene.directory().c_str()) != 0)
            return 96;
        ::execl("./server", "server", scene.directory().c_str(), how, nullptr);
        return 97;
    }
    /// The number of the next that says that it serves.
    auto serves() -> pid_t {
        const std::string fact = scene.fact("serves");
        CHECK(fact.substr(fact.find(' ') + 1) ==
              "in " + scene.directory() + " umask 23 variable of the start");
        return std::stoi(fact);
    }
    auto recorded() const -> pid_t { return std::stoi(text_of(scene.path("x.pid"))); }
    void mode(const char* text) const { write_text(scene.path("mode"), text); }
    auto log() const -> std::string { return text_of(scene.path("x.log")); }

    auto answers() const -> bool { return ::answers(scene.path("socket")); }
    void end() {
        ::kill(process, SIGTERM);
        CHECK(scene.end_of(process) == 0);
        CHECK(!exists(scene.path("x.pid")));
        CHECK(scene.nobody_stays());
    }
};

/// `count` upgrades while clients ask and another looks at the pid file.
void upgrade_under_load(int count, unsigned clients) {
    Scene scene;
    Server server{scene};
    std::atomic<bool> over{false};
    std::atomic<long> answered{0}, lost{0}, looks{0}, wrong{0};
    std::vector<std::thread> all;
    for (unsigned i = 0; i != clients; ++i)
        all.emplace_back([&] {
            while (!over)
                ++(server.answers() ? answered : lost);
        });
    all.emplace_back([&] {
        const std::string path = scene.path("x.pid");
        while (!over) {
            const ServiceStatus now = status(Daemonizer{PidFile{path}});
            ++looks;
            if (now.what != ServiceStatus::state::running || now.pid != server.process)
                ++wrong;
        }
    });
    bool same = true;
    for (int i = 0; i != count && same; ++i) {
        ::kill(server.process, SIGUSR2);
        scene.fact("trial");
        same = server.serves() == server.process;
    }
    over = true;
    for (auto& thread : all)
        thread.join();
    CHECK(same);
    CHECK(lost == 0);
    CHECK(wrong == 0);
    CHECK(answered > count);
    CHECK(looks > 0);
    CHECK(server.log() == "");
    server.end();
}

} // namespace

TEST_CASE("fifty upgrades under load: nobody is refused, and the pid file always names the daemon",
          "[upgrade]") {
    upgrade_under_load(50, 8);
}

TEST_CASE("a thousand upgrades under a load of 64 clients", "[upgrade][.long]") {
    upgrade_under_load(1000, 64);
}

TEST_CASE("a new program goes on as the same process, in the surroundings of the first start",
          "[upgrade]") {
    Scene scene;
    Server server{scene, GENERATE("", "flags", "restart")};
    std::filesystem::copy_file(SERVER, scene.path("new"));
    std::filesystem::rename(scene.path("new"), server.program);
    ::kill(server.process, SIGUSR2);
    CHECK(scene.fact("trial") == "in " + scene.directory() + " umask 23 variable of the start");
    CHECK(server.serves() == server.process);
    CHECK(std::filesystem::read_symlink("/proc/" + std::to_string(server.process) + "/exe") ==
          server.program);
    CHECK(server.recorded() == server.process);
    CHECK(server.answers());
    CHECK(server.log() == "");
    const Outcome second = scene.run([&] { return server.execute(""); });
    CHECK(second.status == 1);
    CHECK(second.err.find("already running, pid " + std::to_string(server.process)) !=
          std::string::npos);
    server.end();
}

TEST_CASE("a new program that cannot start changes nothing", "[upgrade]") {
    Scene scene;
    Server server{scene, "impatient"};
    std::string text;
    const auto path = scene.path("server");
    SECTION("missing") {
        std::filesystem::remove(path);
        text = "trial failed: exec: ./server: No such file or directory";
    }
    SECTION("not executable") {
        ::chmod(path.c_str(), 0644);
        text = "trial failed: exec: ./server: Permission denied";
    }
    SECTION("of another architecture") {
        std::filesystem::remove(path);
        std::string image = text_of(SERVER);
        image[18] = 0x08; // e_machine: MIPS
        write_text(path, image);
        ::chmod(path.c_str(), 0755);
        text = "trial failed: exec: ./server: Exec format error";
    }
    SECTION("says why") {
        server.mode("fail");
        text = "trial failed: daemon: not ready: no configuration";
    }
    SECTION("leaves") {
        server.mode("leave");
        text = "trial failed: daemon: ended before it was ready: status 7";
    }
    SECTION("crashes") {
        server.mode("crash");
        text = "trial: killed before it was ready: Segmentation fault, signal 11";
    }
    SECTION("hangs") {
        server.mode("hang");
        text = "trial: not ready after 1 s, and ended";
    }
    SECTION("a step fails") {
        ::rename(scene.path("x.log").c_str(), scene.path("old.log").c_str());
        ::mkdir(scene.path("x.log").c_str(), 0755);
        text = "trial failed: stdio: " + scene.path("x.log") + ": Is a directory";
    }
    ::kill(server.process, SIGUSR1);
    scene.fact("refused");
    const bool moved = exists(scene.path("old.log"));
    CHECK(text_of(scene.path(moved ? "old.log" : "x.log")) == "server: upgrade: " + text + "\n");
    CHECK(server.answers());
    CHECK(server.recorded() == server.process);
    ::kill(server.process, SIGHUP);
    scene.fact("reload");
    server.end();
}

TEST_CASE("signals that come during an upgrade are the new program's", "[upgrade]") {
    Scene scene;
    Server server{scene, GENERATE("", "flags")};
    // The second is seen by the next program, or by this one: either way it is not lost.
    ::kill(server.process, SIGUSR2);
    scene.fact("trial");
    ::kill(server.process, SIGHUP);
    ::kill(server.process, SIGUSR2);
    server.serves();
    scene.fact("reload");
    scene.fact("trial");
    server.serves();
    ::kill(server.process, SIGUSR2);
    scene.fact("trial");
    ::kill(server.process, SIGTERM);
    CHECK(scene.end_of(server.process) == 0);
    CHECK(!exists(scene.path("x.pid")));
    CHECK(scene.nobody_stays());
}

TEST_CASE("a daemon without a fork is upgraded, too", "[upgrade]") {
    Scene scene;
    const std::string program = scene.path("server");
    std::filesystem::copy_file(SERVER, program);
    const pid_t server = scene.begin([&] {
        ::execl(program.c_str(), "server", scene.directory().c_str(), "foreground", nullptr);
        return 97;
    });
    CHECK(scene.pid("serves") == server);
    ::kill(server, SIGUSR2);
    scene.fact("trial");
    CHECK(scene.pid("serves") == server);
    write_text(scene.path("mode"), "fail");
    ::kill(server, SIGUSR1);
    scene.fact("refused");
    CHECK(text_of(scene.path("x.log")) ==
          "server: upgrade: trial failed: daemon: not ready: no configuration\n");
    ::kill(server, SIGTERM);
    CHECK(scene.end_of(server) == 0);
    CHECK(!exists(scene.path("x.pid")));
}

TEST_CASE("AutoFork goes on as in the first start, whatever has become of the notify descriptor",
          "[upgrade]") {
    Scene scene;
    const bool is_supervised = GENERATE(true, false);
    const std::string program = scene.path("server"), log = scene.path("x.log");
    std::filesystem::copy_file(SERVER, program);
    int pipe[2];
    REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
    const pid_t starter = scene.begin([&] {
        for (const char* const name : {"SYSTEMD_EXEC_PID", "LISTEN_PID", "NOTIFY_SOCKET"})
            ::unsetenv(name);
        if (is_supervised)
            ::dup2(pipe[1], 202);
        ::execl(program.c_str(), "server", scene.directory().c_str(),
                is_supervised ? "supervised" : "alone", nullptr);
        return 97;
    });
    const pid_t server = scene.pid("serves");
    CHECK((server == starter) == is_supervised);
    for (int i = 0; i != 2; ++i) {
        if (!is_supervised)
            CHECK(std::rename(log.c_str(), scene.path("x.old").c_str()) == 0);
        ::kill(server, SIGUSR2);
        scene.fact("trial");
        CHECK(scene.pid("serves") == server);
        CHECK(exists(log) != is_supervised); // stdio is what the supervisor gave, or the log
    }
    char text[8];
    CHECK(::close(pipe[1]) == 0);
    CHECK(::read(pipe[0], text, sizeof text) == (is_supervised ? 1 : 0));
    CHECK(::read(pipe[0], text, sizeof text) == 0);
    ::close(pipe[0]);
    ::kill(server, SIGTERM);
    CHECK(scene.end_of(server) == 0);
    CHECK(!exists(scene.path("x.pid")));
}

TEST_CASE("the descriptor that NOTIFY_SOCKET names by its number is the next program's, too",
          "[upgrade]") {
    Scene scene;
    const std::string program = scene.path("server");
    std::filesystem::copy_file(SERVER, program);
    int pipe[2];
    REQUIRE(::pipe2(pipe, O_CLOEXEC) == 0);
    const pid_t process = scene.begin([&] {
        ::setenv("NOTIFY_SOCKET", "9", 1);
        ::dup2(pipe[1], 9);
        ::execl(program.c_str(), "server", scene.directory().c_str(), "notifies", nullptr);
        return 97;
    });
    ::close(pipe[1]);
    CHECK(scene.pid("serves") == process);
    for (int i = 0; i != 2; ++i) {
        ::kill(process, SIGUSR2);
        scene.fact("trial");
        CHECK(scene.pid("serves") == process);
    }
    CHECK(scene.err() == "");
    ::kill(process, SIGTERM);
    CHECK(scene.end_of(process) == 0);
    std::string said, line;
    char piece[4096];
    for (ssize_t size; (size = ::read(pipe[0], piece, sizeof piece)) > 0;)
        said.append(piece, static_cast<std::size_t>(size));
    ::close(pipe[0]);
    std::string order;
    for (std::istringstream lines{said}; std::getline(lines, line);)
        if (line.rfind("MONOTONIC_USEC=", 0) != 0)
            order += line + ' ';
    CHECK(order == "FDSTORE=1 FDNAME=front READY=1 RELOADING=1 READY=1 RELOADING=1 READY=1 "
                   "STOPPING=1 ");
}

TEST_CASE("a number that NOTIFY_SOCKET has named in vain is not the pid file's or a socket's later",
          "[upgrade]") {
    for (int fd = 3; fd != 12; ++fd) {
        Scene scene;
        INFO("descriptor " << fd);
        const std::string program = scene.path("server");
        std::filesystem::copy_file(SERVER, program);
        const pid_t process = scene.begin([&] {
            ::close_range(3, facts - 1, 0);
            ::setenv("NOTIFY_SOCKET", std::to_string(fd).c_str(), 1);
            ::execl(program.c_str(), "server", scene.directory().c_str(), "notifies", nullptr);
            return 97;
        });
        CHECK(scene.pid("serves") == process);
        const std::string recorded = text_of(scene.path("x.pid"));
        for (int i = 0; i != 2; ++i) {
            ::kill(process, SIGUSR2);
            scene.fact("trial");
            CHECK(scene.pid("serves") == process);
            CHECK(answers(scene.path("socket")));
            CHECK(text_of(scene.path("x.pid")) == recorded);
        }
        CHECK(text_of(scene.path("x.log")) == "");
        ::kill(process, SIGTERM);
        CHECK(scene.end_of(process) == 0);
        CHECK(!exists(scene.path("x.pid")));
    }
}

TEST_CASE("a socket that a manager has passed is found again by each next program", "[upgrade]") {
    Scene scene;
    const std::string program = scene.path("server");
    std::filesystem::copy_file(SERVER, program);
    const pid_t process = scene.begin([&] {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, scene.path("socket").c_str(), sizeof address.sun_path - 1);
        const int fd = ::socket(AF_UNIX, SOCK_STREAM, 0);
        if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
            ::listen(fd, 64) != 0 || ::dup2(fd, 3) != 3)
            return 96;
        ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
        ::setenv("LISTEN_FDS", "1", 1);
        ::setenv("LISTEN_FDNAMES", "front", 1);
        ::execl(program.c_str(), "server", scene.directory().c_str(), "passed", nullptr);
        return 97;
    });
    for (int i = 0; i != 3; ++i) {
        CHECK(scene.pid("serves") == process); // it could not listen there itself
        CHECK(answers(scene.path("socket")));
        ::kill(process, SIGUSR2);
        scene.fact("trial");
    }
    CHECK(scene.pid("serves") == process);
    ::kill(process, SIGTERM);
    CHECK(scene.end_of(process) == 0);
}

TEST_CASE("a variable alone makes no upgrade of a start", "[upgrade]") {
    Scene scene;
    std::filesystem::copy_file(SERVER, scene.path("server"));
    const Outcome outcome = scene.run([&] {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
            return 96;
        ::setenv("DAEMONIZER_HANDOVER", std::to_string(ends[1]).c_str(), 1);
        static detail::UpgradeHandover forged{};
        forged.mark = detail::UpgradeHandover::of_upgrade;
        forged.size = sizeof forged;
        forged.daemon = ::getppid();
        forged.pid_file = -1;
        if (::send(ends[0], &forged, sizeof forged, 0) < 0)
            return 95;
        ::execl(scene.path("server").c_str(), "server", scene.directory().c_str(), nullptr);
        return 97;
    });
    CHECK(outcome.status == 0);
    const pid_t server = scene.pid("serves");
    CHECK(std::stoi(text_of(scene.path("x.pid"))) == server);
    ::kill(server, SIGTERM);
    CHECK(scene.end_of(server) == 0);
}

TEST_CASE("a process starts one daemon that can be upgraded, and a second one is refused",
          "[upgrade]") {
    Scene scene;
    const Outcome outcome = scene.run([&] {
        for (const char* const name : {"x.pid", "y.pid"}) {
            const std::string pid = scene.path(name);
            auto running =
                Daemonizer{PidFile{pid}, SignalFd<SIGTERM, SIGUSR2>{}, Upgrade<SIGUSR2>{}}.start();
            if (!running) {
                std::fprintf(stderr, "%s: %s", running.error().step(), running.error().text());
                return running.error().code();
            }
            if (!running->is_launcher()) {
                running->ready();
                running->wait();
                return 0;
            }
        }
        return 0;
    });
    CHECK(outcome.status == EEXIST);
    CHECK(outcome.err ==
          "upgrade: second daemon of one process: main() run again would start the first");
    CHECK(scene.names() == "x.pid");
    ::kill(std::stoi(text_of(scene.path("x.pid"))), SIGTERM);
    CHECK(scene.nobody_stays());
    CHECK(scene.names() == "");
}
