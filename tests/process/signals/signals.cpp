// SPDX-License-Identifier: BSL-1.0
// Signals collected: by a descriptor, by flags.
#include "launch.hpp"

#include <pthread.h>

using namespace daemonizer;
using namespace launch;
using namespace std::chrono_literals;

namespace {

using WithFd = SignalFd<SIGHUP, SIGUSR1, SIGTERM>;
using WithFlag = SignalFlag<SIGHUP, SIGUSR1, SIGTERM>;

void handle(int) { tell("handled"); }

auto sleep_for_ever(void*) -> void* {
    for (;;)
        ::pause();
}

/// A thread of the daemon's, which it does not wait for.
void start_thread(void* (*run)(void*), void* argument = nullptr) {
    pthread_t thread;
    if (::pthread_create(&thread, nullptr, run, argument) != 0)
        ::_exit(97);
}

void block(int signal) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, signal);
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

/// A daemon that tells every signal it is sent, until SIGTERM.
template <class Signals, class Wait>
auto start_telling(Scene& scene, Wait wait) -> pid_t {
    const auto outcome = scene.run([=] {
        return Daemonizer<Signals, Wires>{}.run([=](auto& daemon) {
            ::signal(SIGUSR2, handle);
            tell_pid();
            daemon.ready();
            for (int signal; (signal = wait(daemon)) != SIGTERM;)
                tell("signal " + std::to_string(signal));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    return scene.pid();
}

} // namespace

TEMPLATE_TEST_CASE("wait() returns the signals that are collected", "[signals]", WithFd, WithFlag) {
    Scene scene;
    const pid_t daemon = start_telling<TestType>(scene, [](auto& self) { return self.wait(); });
    for (const int signal : {SIGUSR1, SIGHUP, SIGHUP, SIGUSR1}) {
        ::kill(daemon, signal);
        CHECK(scene.number("signal") == signal);
    }
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("wait_for() returns them as well, and is not ended by another signal's handler",
                   "[signals]", WithFd, WithFlag) {
    Scene scene;
    const pid_t daemon =
        start_telling<TestType>(scene, [](auto& self) { return self.wait_for(1h); });
    await_sleep(scene, daemon);
    ::kill(daemon, SIGUSR2);
    scene.fact("handled");
    ::kill(daemon, SIGUSR1);
    CHECK(scene.number("signal") == SIGUSR1);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("wait() is not ended by another signal's handler", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const pid_t daemon = start_telling<TestType>(scene, [](auto& self) { return self.wait(); });
    await_sleep(scene, daemon);
    ::kill(daemon, SIGUSR2);
    scene.fact("handled");
    ::kill(daemon, SIGUSR1);
    CHECK(scene.number("signal") == SIGUSR1);
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("signals that come before wait() are not lost", "[signals]", WithFd, WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            tell("none " + std::to_string(daemon.wait_for(0s)) + ' ' +
                 std::to_string(daemon.wait_for(1ms)) + ' ' + std::to_string(daemon.wait_for(-1h)));
            for (const int signal : {SIGTERM, SIGUSR1, SIGHUP, SIGUSR1})
                ::raise(signal);
            for (int i = 0; i != 4; ++i)
                tell("signal " + std::to_string(daemon.wait_for(0s)));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("none") == "0 0 0");
    for (const int signal : {SIGHUP, SIGUSR1, SIGTERM, 0}) // one each, in their own order
        CHECK(scene.number("signal") == signal);
}

TEMPLATE_TEST_CASE("a signal that is sent before ready waits for the body", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const pid_t launcher = scene.begin([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            tell_pid();
            await_gate();
            daemon.ready();
            return daemon.wait();
        });
    });
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGTERM);
    scene.let_go();
    CHECK(scene.end_of(launcher) == 0);
    CHECK(scene.end_of(daemon) == SIGTERM);
}

TEMPLATE_TEST_CASE("signals that are not collected keep their default", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const pid_t daemon = start_telling<TestType>(scene, [](auto& self) { return self.wait(); });
    ::kill(daemon, SIGINT);
    CHECK(scene.end_of(daemon) == -SIGINT);
}

TEMPLATE_TEST_CASE("waiting goes on in a body that has closed all descriptors", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            for (int fd = 3; fd < facts; ++fd)
                ::close(fd);
            const int nothing = daemon.wait_for(1ms);
            ::raise(SIGHUP);
            const int first = daemon.wait();
            ::raise(SIGTERM);
            const int second = daemon.wait_for(1min);
            tell("signals " + std::to_string(nothing) + ' ' + std::to_string(first) + ' ' +
                 std::to_string(second));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("signals") == "0 " + std::to_string(SIGHUP) + ' ' + std::to_string(SIGTERM));
}

TEST_CASE("SignalFd's descriptor can be polled", "[signals]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<WithFd, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            tell_pid();
            pollfd entry{daemon.descriptor(), POLLIN, 0};
            const int before = ::poll(&entry, 1, 0);
            const int after = ::poll(&entry, 1, -1);
            tell("polled " + std::to_string(before) + ' ' + std::to_string(after));
            return daemon.wait();
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    await_sleep(scene, daemon);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("polled") == "0 1");
    CHECK(scene.end_of(daemon) == SIGHUP);
}

TEST_CASE("with SignalFlag a blocking call ends with EINTR", "[signals]") {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<WithFlag, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            tell_pid();
            char byte;
            const auto size = ::read(gate, &byte, 1);
            tell("read " + std::to_string(size) + ' ' + std::strerror(errno));
            return daemon.wait_for(1h);
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    await_sleep(scene, daemon);
    ::kill(daemon, SIGHUP);
    CHECK(scene.fact("read") == "-1 Interrupted system call");
    CHECK(scene.end_of(daemon) == SIGHUP);
}

TEMPLATE_TEST_CASE("a worker does not take the daemon's signals", "[signals]", WithFd, WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            const pid_t worker = ::fork();
            if (worker == 0) {
                await_gate();
                ::_exit(0);
            }
            tell("worker " + std::to_string(worker));
            tell_pid();
            return daemon.wait();
        });
    });
    CHECK(outcome.status == 0);
    ::kill(scene.pid("worker"), SIGKILL);
    const pid_t daemon = scene.pid();
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == SIGTERM);
}

TEMPLATE_TEST_CASE("wait() returns when another thread has taken the signal", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            start_thread(sleep_for_ever);
            for (const int signal : {SIGUSR1, SIGTERM})
                block(signal); // in this thread: the other one gets them, where they are not
            tell_pid();        // blocked everywhere
            daemon.ready();
            for (int signal; (signal = daemon.wait()) != SIGTERM;)
                tell("signal " + std::to_string(signal));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    for (int i = 0; i != 200; ++i) {
        ::kill(daemon, SIGUSR1);
        CHECK(scene.number("signal") == SIGUSR1);
    }
    ::kill(daemon, SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("a signal is collected that a thread gets which was there before the start",
                   "[signals]", WithFd, WithFlag) {
    Scene scene;
    const Outcome outcome = scene.run([] {
        pthread_t older[2];
        for (pthread_t& thread : older)
            if (::pthread_create(&thread, nullptr, sleep_for_ever, nullptr) != 0)
                return 97;
        return Daemonizer<NoFork, TestType, Wires>{}.run([&](auto& daemon) {
            daemon.ready();
            for (int i = 0; i != 100; ++i) {
                ::kill(::getpid(), i % 2 == 0 ? SIGUSR1 : SIGTERM);
                if (const int signal = daemon.wait(); signal != (i % 2 == 0 ? SIGUSR1 : SIGTERM))
                    return 2;
            }
            ::pthread_kill(older[0], SIGHUP); // and blocks it there
            if (daemon.wait() != SIGHUP)
                return 3;
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    CHECK(outcome.err == "");
}

TEST_CASE("a signal that another thread got first keeps its value", "[signals]") {
    Scene scene;
    const Outcome outcome = scene.run([] {
        start_thread(sleep_for_ever);
        return Daemonizer<NoFork, WithFd, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            ::sigqueue(::getpid(), SIGUSR1, sigval{42});
            signalfd_siginfo info{};
            const bool whole = ::read(daemon.descriptor(), &info, sizeof info) == sizeof info;
            return whole && info.ssi_signo == SIGUSR1 && info.ssi_int == 42 ? 0 : 4;
        });
    });
    CHECK(outcome.status == 0);
}

TEMPLATE_TEST_CASE("wait() returns in whichever thread it was called", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            using Daemon = std::remove_reference_t<decltype(daemon)>;
            const auto wait = [](void* handle) -> void* {
                const int signal = static_cast<Daemon*>(handle)->wait();
                tell("signal " + std::to_string(signal));
                ::_exit(signal);
            };
            start_thread(wait, &daemon);
            sleep_for_ever(nullptr);
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    await_sleep(scene, daemon);
    ::kill(daemon, SIGTERM);
    CHECK(scene.number("signal") == SIGTERM);
    CHECK(scene.end_of(daemon) == SIGTERM);
}

TEMPLATE_TEST_CASE("each of several threads that wait gets a signal", "[signals]", WithFd,
                   WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            using Daemon = std::remove_reference_t<decltype(daemon)>;
            const auto wait = [](void* handle) -> void* {
                tell("waiter");
                tell("signal " + std::to_string(static_cast<Daemon*>(handle)->wait()));
                return nullptr;
            };
            for (int i = 0; i != 3; ++i)
                start_thread(wait, &daemon);
            sleep_for_ever(nullptr);
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    for (int i = 0; i != 3; ++i)
        scene.fact("waiter");
    int sum = 0;
    for (const int signal : {SIGUSR1, SIGHUP, SIGTERM})
        ::kill(daemon, signal);
    for (int i = 0; i != 3; ++i)
        sum += scene.number("signal");
    CHECK(sum == SIGUSR1 + SIGHUP + SIGTERM);
    ::kill(daemon, SIGINT);
    CHECK(scene.end_of(daemon) == -SIGINT);
}

TEMPLATE_TEST_CASE("a thread that waits for a time does not wait for the next signal where another "
                   "one has taken the first",
                   "[signals]", WithFd, WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            tell_pid();
            daemon.ready();
            using Daemon = std::remove_reference_t<decltype(daemon)>;
            const auto wait = [](void* handle) -> void* {
                return static_cast<Daemon*>(handle)->wait_for(50ms) == 0 ? nullptr : handle;
            };
            int taken = 0;
            for (int round = 0; round != 30; ++round) {
                pthread_t threads[12];
                for (pthread_t& thread : threads)
                    if (::pthread_create(&thread, nullptr, wait, &daemon) != 0)
                        return 97;
                ::usleep(5000);
                ::kill(::getpid(), SIGUSR1);
                for (const pthread_t thread : threads) {
                    void* result = nullptr;
                    ::pthread_join(thread, &result); // for ever, where it sleeps in a read
                    taken += result != nullptr;
                }
                taken += daemon.wait_for(0s) != 0; // where all had left before it came
            }
            tell("taken " + std::to_string(taken));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    const pid_t daemon = scene.pid();
    CHECK(scene.number("taken") == 30);
    CHECK(scene.end_of(daemon) == 0);
}

TEMPLATE_TEST_CASE("a worker that waits gets its own signals and not the daemon's", "[signals]",
                   WithFd, WithFlag) {
    Scene scene;
    const auto outcome = scene.run([] {
        return Daemonizer<TestType, Wires>{}.run([](auto& daemon) {
            daemon.ready();
            ::raise(SIGHUP); // the daemon's, and not yet taken when it forks
            const pid_t worker = ::fork();
            const char* const who = worker == 0 ? "worker" : "daemon";
            tell(std::string{who} + "_pid " + std::to_string(::getpid()));
            for (int signal; (signal = daemon.wait()) != SIGTERM;)
                tell(std::string{who} + ' ' + std::to_string(signal));
            tell(std::string{who} + " " + std::to_string(SIGTERM));
            return 0;
        });
    });
    CHECK(outcome.status == 0);
    const pid_t worker = scene.pid("worker_pid"), daemon = scene.pid("daemon_pid");
    CHECK(scene.number("daemon") == SIGHUP);
    ::kill(worker, SIGUSR1);
    CHECK(scene.number("worker") == SIGUSR1);
    ::kill(daemon, SIGUSR1);
    CHECK(scene.number("daemon") == SIGUSR1);
    ::kill(worker, SIGTERM);
    CHECK(scene.number("worker") == SIGTERM);
    ::kill(daemon, SIGTERM);
    CHECK(scene.number("daemon") == SIGTERM);
    CHECK(scene.end_of(daemon) == 0);
    CHECK(scene.heard() == "");
}

TEST_CASE("a signal that has two names is one, and what reached an earlier start is forgotten",
          "[signals]") {
    Scene scene;
    const auto outcome = scene.run([] {
        const Daemonizer<NoFork, KeepStdio, SignalFlag<SIGIO, SIGPOLL, SIGUSR1>, Wires> service;
        const int first_run = service.run([](auto& daemon) {
            daemon.ready();
            ::raise(SIGIO);
            const int first = daemon.wait_for(0s), second = daemon.wait_for(0s);
            tell("first " + std::to_string(first) + ' ' + std::to_string(second));
            ::raise(SIGUSR1);
            return 0;
        });
        ::raise(SIGUSR1); // after the end: its handler finds no pipe
        if (first_run != 0)
            return first_run;
        return service.run([](auto& daemon) {
            daemon.ready();
            return daemon.wait_for(0s);
        });
    });
    CHECK(outcome.status == 0);
    CHECK(scene.fact("first") == std::to_string(SIGIO) + " 0");
}
