// SPDX-License-Identifier: BSL-1.0
// A dirty starter: what its daemon keeps of it, and what not.
#include "launch.hpp"

using namespace daemonizer;
using namespace launch;

namespace {

void handle(int) { tell("handler ran"); }

void get_dirty(const std::string& directory) {
    if (::chdir(directory.c_str()) != 0)
        ::_exit(97);
    ::umask(0077);
    for (const int signal : {SIGPIPE, SIGCHLD, SIGTTOU, SIGRTMAX})
        ::signal(signal, SIG_IGN);
    for (const int signal : {SIGHUP, SIGWINCH})
        ::signal(signal, handle);
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int signal : {SIGTERM, SIGUSR1, SIGWINCH, SIGCHLD, SIGRTMIN})
        sigaddset(&blocked, signal);
    ::sigprocmask(SIG_SETMASK, &blocked, nullptr);
    ::raise(SIGWINCH); // pending, with a handler that is none of the daemon's business
}

auto current_umask() -> mode_t {
    const mode_t mask = ::umask(0);
    ::umask(mask);
    return mask;
}

auto current_directory() -> std::string {
    char name[4096];
    return ::getcwd(name, sizeof name) == nullptr ? "none" : name;
}

/// "blocked 10 12 ignored 13 handled 1" of this process.
auto signals() -> std::string {
    sigset_t mask;
    ::sigprocmask(SIG_SETMASK, nullptr, &mask);
    std::string blocked, ignored, handled;
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        struct sigaction action {};
        if (::sigaction(signal, nullptr, &action) != 0)
            continue; // libc's own
        const std::string number = ' ' + std::to_string(signal);
        blocked += sigismember(&mask, signal) == 1 ? number : "";
        ignored += action.sa_handler == SIG_IGN ? number : "";
        handled += action.sa_handler != SIG_IGN && action.sa_handler != SIG_DFL ? number : "";
    }
    return "blocked" + blocked + " ignored" + ignored + " handled" + handled;
}

template <class... Policies>
void start_dirty(Scene& scene) {
    const auto outcome = scene.run([&] {
        get_dirty(scene.directory());
        tell("dirty " + signals());
        return Daemonizer<Policies..., Wires>{}.run([](auto& daemon) {
            tell("signals " + signals());
            char mask[8];
            std::snprintf(mask, sizeof mask, "%04o", static_cast<unsigned>(current_umask()));
            tell(std::string{"umask "} + mask);
            tell("directory " + current_directory());
            daemon.ready();
            tell_pid();
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
}

} // namespace

TEMPLATE_TEST_CASE("by default nothing of a dirty starter is left", "[inheritance]", NoFork,
                   SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    start_dirty<TestType>(scene);
    CHECK(scene.fact("signals") == "blocked ignored handled");
    CHECK(scene.fact("umask") == "0022");
    CHECK(scene.fact("directory") == "/");
    CHECK(scene.heard().find("handler ran") == std::string::npos);
}

TEST_CASE("with a pid file three signals have its handlers, and nothing else changes",
          "[inheritance]") {
    Scene scene;
    const std::string path = scene.path("x.pid");
    const auto outcome = scene.run([&] {
        get_dirty(scene.directory());
        return Daemonizer{PidFile{path.c_str()}, Wires{}}.run([] {
            tell("signals " + signals());
            tell_pid();
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("signals") == "blocked ignored handled 1 2 15");
}

TEMPLATE_TEST_CASE("the Keep policies keep all of it", "[inheritance]", NoFork, SingleFork,
                   DoubleFork, HandoffFork) {
    Scene scene;
    start_dirty<TestType, KeepSignals, KeepUmask, KeepDirectory>(scene);
    CHECK(scene.fact("signals") == scene.fact("dirty"));
    CHECK(scene.fact("umask") == "0077");
    CHECK(scene.fact("directory") == scene.directory());
}

TEST_CASE("KeepSignals gives SIGCHLD back as it was", "[inheritance]") {
    Scene scene;
    const bool handled = GENERATE(true, false), blocked = GENERATE(true, false);
    const auto outcome = scene.run([&] {
        sigset_t child;
        sigemptyset(&child);
        sigaddset(&child, SIGCHLD);
        if (blocked)
            ::sigprocmask(SIG_BLOCK, &child, nullptr);
        if (handled)
            ::signal(SIGCHLD, handle);
        tell("dirty " + signals());
        return Daemonizer<KeepSignals, Wires>{}.run([] { tell("signals " + signals()); });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("signals") == scene.fact("dirty"));
}

TEST_CASE("umask and directory as asked for", "[inheritance]") {
    Scene scene;
    start_dirty<Umask<027>, WorkingDirectory<"/usr">>(scene);
    CHECK(scene.fact("umask") == "0027");
    CHECK(scene.fact("directory") == "/usr");
}

TEST_CASE("a relative working directory starts where the launcher stands", "[inheritance]") {
    Scene scene;
    std::filesystem::create_directory(scene.path("below"));
    const auto outcome = scene.run([&] {
        get_dirty(scene.directory());
        return Daemonizer{WorkingDirectory{"below"}, LogStdio{"x.log"}, PidFile{"x.pid"}, Wires{}}
            .run([](auto& daemon) {
                tell("directory " + current_directory());
                return serve(daemon);
            });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("directory") == scene.path("below"));
    CHECK(scene.names() == "below x.log x.pid");
    CHECK(scene.dismiss(scene.pid()) == 0);
    CHECK(scene.names() == "below x.log");
}

TEST_CASE("IgnoreSignals ignores, whatever the signal policy does with the rest", "[inheritance]") {
    Scene scene;
    SECTION("DefaultSignals") {
        start_dirty<IgnoreSignals<SIGUSR1, SIGUSR2>>(scene);
        CHECK(scene.fact("signals") == "blocked ignored 10 12 handled");
    }
    SECTION("SignalFd") {
        start_dirty<SignalFd<SIGTERM>, IgnoreSignals<SIGUSR1, SIGUSR2>>(scene);
        CHECK(scene.fact("signals") == "blocked 15 ignored 10 12 handled");
    }
    SECTION("SignalFlag") {
        start_dirty<SignalFlag<SIGTERM>, IgnoreSignals<SIGUSR1, SIGUSR2>>(scene);
        CHECK(scene.fact("signals") == "blocked ignored 10 12 handled 15");
    }
}

TEMPLATE_TEST_CASE("a starter that ignores or handles SIGCHLD learns the exit code all the same",
                   "[inheritance]", SingleFork, DoubleFork, HandoffFork) {
    Scene scene;
    const auto disposition = GENERATE(SIG_IGN, SIG_DFL, handle);
    const bool blocked = GENERATE(true, false);
    const auto outcome = scene.run([&] {
        if (blocked) {
            sigset_t all;
            sigfillset(&all);
            ::sigprocmask(SIG_BLOCK, &all, nullptr);
        }
        ::signal(SIGCHLD, disposition);
        return Daemonizer<TestType, Wires>{}.run([](auto&) -> int { ::_exit(7); });
    });
    check_refused(scene, outcome, 7, "daemon: ended before it was ready: exit status 7");
}
