// SPDX-License-Identifier: BSL-1.0
// wait() and wait_for(), of both policies that collect signals.
#include "catch.hpp"
#include "recording_host.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <ratio>
#include <utility>

extern "C" int __libc_allocate_rtsig(int high); // of glibc; for libraries, so no header has it

using namespace daemonizer;
using namespace std::chrono_literals;
using detail::nanoseconds;
using recording::Interrupts, recording::Record, recording::RecordingHost;

namespace {

template <class Signals>
auto started(Record& record) {
    return Daemonizer{RecordingHost{&record}, NoFork{}, Signals{}, KeepStdio{}}.start();
}

constexpr long long longest = 9'000'000'000'000'000'000; // some 285 years

} // namespace

TEST_CASE("a time in nanoseconds") {
    CHECK(nanoseconds(0s) == 0);
    CHECK(nanoseconds(1ns) == 1);
    CHECK(nanoseconds(1500ms) == 1'500'000'000);
    CHECK(nanoseconds(2h) == 7'200'000'000'000);
    CHECK(nanoseconds(std::chrono::duration<double>{0.25}) == 250'000'000);
    CHECK(nanoseconds(std::chrono::duration<float, std::milli>{0.5F}) == 500'000);
}

TEST_CASE("a time that is over, or no time at all, is 0") {
    CHECK(nanoseconds(-1ns) == 0);
    CHECK(nanoseconds(-5h) == 0);
    CHECK(nanoseconds(std::chrono::seconds::min()) == 0);
    CHECK(nanoseconds(std::chrono::duration<double>{std::numeric_limits<double>::quiet_NaN()}) ==
          0);
    CHECK(nanoseconds(std::chrono::duration<double>{-std::numeric_limits<double>::infinity()}) ==
          0);
}

TEST_CASE("a time that is too long for 64 bits is very long, and not over") {
    CHECK(nanoseconds(std::chrono::hours::max()) == longest);
    CHECK(nanoseconds(std::chrono::seconds::max()) == longest);
    CHECK(nanoseconds(std::chrono::nanoseconds::max()) == longest);
    CHECK(nanoseconds(std::chrono::duration<unsigned long long>::max()) == longest);
    CHECK(nanoseconds(std::chrono::duration<double>{std::numeric_limits<double>::infinity()}) ==
          longest);
}

TEST_CASE("a time for the kernel holds what its seconds can hold") {
    const auto is = [](const timespec& time, long long seconds, long nanoseconds) {
        return time.tv_sec == seconds && time.tv_nsec == nanoseconds;
    };
    using detail::timespec_of;
    CHECK(is(timespec_of(-1), 0, 0));
    CHECK(is(timespec_of(0), 0, 0));
    CHECK(is(timespec_of(1), 0, 1));
    CHECK(is(timespec_of(3'000'000'002), 3, 2));
    CHECK(is(timespec_of<std::int64_t>(longest), 9'000'000'000, 0));
    CHECK(is(timespec_of<std::int32_t>(longest), 2'147'483'647, 0));
    CHECK(is(timespec_of<std::int32_t>(2'147'483'647'000'000'001), 2'147'483'647, 1));
    CHECK(is(timespec_of<std::int32_t>(2'147'483'648'000'000'000), 2'147'483'647, 0));
}

TEST_CASE("SignalFd: signals in the order in which the kernel yields them") {
    Record record;
    record.signals = {SIGHUP, SIGTERM};
    auto daemon = started<SignalFd<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    CHECK(daemon->wait() == SIGHUP);
    CHECK(daemon->wait_for(1s) == SIGTERM);
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(daemon->wait_for(-1s) == 0);
}

TEST_CASE("SignalFd: waiting goes on where the descriptor cannot be read") {
    Record record;
    auto daemon = started<SignalFd<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    SECTION("wait()") {
        record.signals = {SIGHUP};
        record.fail("read", 1, EBADF);
        record.calls.clear();
        CHECK(daemon->wait() == SIGHUP);
        CHECK(record.calls == std::vector<std::string>{"read 3", "wait for HUP TERM"});
    }
    SECTION("the number is another file's") {
        record.signals = {SIGTERM};
        record.unread[3] = "x";
        CHECK(daemon->wait() == SIGTERM);
    }
    SECTION("wait_for()") {
        record.signals = {SIGTERM};
        record.fail("poll", 1, EBADF);
        CHECK(daemon->wait_for(1s) == SIGTERM);
        record.fail("poll", 1, EINVAL);
        record.unread[3] = "x";
        const auto begun = record.time;
        CHECK(daemon->wait_for(1s) == 0);
        CHECK(record.time - begun >= 1'000'000'000);
    }
}

TEST_CASE("SignalFd: where a signal was there and is gone, the rest of the time is waited for") {
    Record record;
    auto daemon = started<SignalFd<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.fail("poll", 1, EBADF); // or ready, and another thread is quicker
    record.calls.clear();
    const auto begun = record.time;
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(record.time - begun >= 1'000'000'000);
    CHECK(record.calls ==
          std::vector<std::string>{"poll 3", "wait for HUP TERM", "wait for HUP TERM"});
    record.fail("poll", 1, EBADF);
    record.calls.clear();
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(record.calls == std::vector<std::string>{"poll 3", "wait for HUP TERM"});
}

TEST_CASE("SignalFlag: each signal once, the first named first") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP, SIGUSR1>>(record);
    REQUIRE(daemon);
    for (const int signal : {SIGUSR1, SIGHUP, SIGHUP})
        record.dispositions[signal].sa_handler(signal);
    CHECK(daemon->wait() == SIGHUP);
    CHECK(daemon->wait() == SIGUSR1);
    record.events = {Interrupts{SIGTERM}};
    CHECK(daemon->wait() == SIGTERM);
    CHECK(daemon->wait_for(1s) == 0);
}

TEST_CASE("SignalFlag: what a handler writes into the pipe ends the sleep") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.calls.clear();
    record.events = {Interrupts{SIGHUP}};
    CHECK(daemon->wait() == SIGHUP);
    CHECK(record.calls ==
          std::vector<std::string>{"read 3", "poll 3", "write 4", "read 3"}); // first it looks
    record.calls.clear();
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(record.calls == std::vector<std::string>{"read 3"});
}

TEST_CASE("SignalFlag: a second signal wakes the next thread that waits") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.dispositions[SIGTERM].sa_handler(SIGTERM);
    record.dispositions[SIGHUP].sa_handler(SIGHUP);
    CHECK(record.wakes[3] == 2);
    CHECK(daemon->wait() == SIGTERM);
    CHECK(record.wakes[3] == 1);
    CHECK(daemon->wait() == SIGHUP);
    CHECK(record.wakes[3] == 0);
}

TEST_CASE("SignalFlag: a signal that has two names is one") {
    Record record;
    auto daemon = started<SignalFlag<SIGIO, SIGPOLL, SIGTERM>>(record);
    REQUIRE(daemon);
    record.dispositions[SIGIO].sa_handler(SIGIO);
    CHECK(daemon->wait_for(0s) == SIGIO);
    CHECK(daemon->wait_for(0s) == 0);
}

TEST_CASE("SignalFlag: a start does not know what reached an earlier one") {
    Record record;
    {
        auto daemon = started<SignalFlag<SIGUSR1>>(record);
        REQUIRE(daemon);
        record.dispositions[SIGUSR1].sa_handler(SIGUSR1);
    }
    const auto writes = [&] {
        return std::count(record.calls.begin(), record.calls.end(), "write 4");
    };
    const auto before = writes();
    record.dispositions[SIGUSR1].sa_handler(SIGUSR1); // too late: the pipe is no more
    CHECK(writes() == before);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "write -1") == 0);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "sleep") == 0); // for no handler
    CHECK(record.descriptors_above_stdio().empty());
    auto daemon = started<SignalFlag<SIGUSR1>>(record);
    REQUIRE(daemon);
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(record.mistakes.empty());
}

namespace {

/// What happens while a handler runs, before it writes into the pipe.
std::function<void()> in_handler;

struct HostOfHandlers : RecordingHost {
    auto write(int fd, const void* from, std::size_t size) const -> long {
        if (in_handler)
            std::exchange(in_handler, nullptr)();
        return RecordingHost::write(fd, from, size);
    }
};

} // namespace

TEST_CASE("SignalFlag: the end waits for a handler that runs in another thread, but not for ever") {
    Record record;
    using Service = Daemonizer<HostOfHandlers, NoFork, SignalFlag<SIGTERM>, KeepStdio>;
    auto daemon =
        Service{HostOfHandlers{{&record}}, NoFork{}, SignalFlag<SIGTERM>{}, KeepStdio{}}.start();
    REQUIRE(daemon);
    daemon->ready();
    record.calls.clear();
    in_handler = [&] { const auto ended = std::move(*daemon); };
    record.dispositions[SIGTERM].sa_handler(SIGTERM); // here it can be no other thread's
    const auto& calls = record.calls;
    const auto closed = std::find_if(calls.begin(), calls.end(), [](const std::string& call) {
        return call.rfind("close", 0) == 0;
    });
    CHECK(std::count(calls.begin(), closed, "sleep") == 20);
    CHECK(std::count(closed, calls.end(), "sleep") == 0);
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("SignalFlag: a worker has flags and a pipe of its own") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.dispositions[SIGTERM].sa_handler(SIGTERM); // for the daemon
    record.pid = 101;
    record.dispositions[SIGHUP].sa_handler(SIGHUP); // for the worker
    CHECK(record.wakes[3] == 1);                    // the daemon's alone
    record.calls.clear();
    CHECK(daemon->wait_for(0s) == SIGHUP);
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(record.calls ==
          std::vector<std::string>{"close 4", "close 3", "pipe", "read 3", "read 3"});
    record.pid = 102; // which cannot have a pipe
    record.fail("pipe", 1, EMFILE);
    record.dispositions[SIGHUP].sa_handler(SIGHUP);
    CHECK(daemon->wait_for(0s) == SIGHUP);
}

TEST_CASE("SignalFlag: a child of vfork, which shares the memory, takes no signal away") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.dispositions[SIGTERM].sa_handler(SIGTERM);
    record.pid = 101;
    record.dispositions[SIGTERM].sa_handler(SIGTERM);
    record.pid = 100;
    CHECK(daemon->wait_for(0s) == SIGTERM);
    CHECK(daemon->wait_for(0s) == 0);
}

TEST_CASE("SignalFlag: waiting goes on where the pipe is no more") {
    const auto* const call = GENERATE("read", "poll");
    CAPTURE(call);
    Record record;
    auto daemon = started<SignalFlag<SIGTERM>>(record);
    REQUIRE(daemon);
    record.fail(call, 1, EBADF);
    record.events = {Interrupts{SIGTERM}};
    const auto begun = record.time;
    CHECK(daemon->wait() == SIGTERM);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "sleep") == 1);
    record.fail(call, 1, EBADF);
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(record.time - begun >= 1'000'000'000);
}

TEST_CASE("SignalFlag: a start that fails after the pipe is open closes it") {
    const auto* const call = GENERATE("handle TERM", "mask nothing", "duplicate", "pipe");
    CAPTURE(call);
    Record record;
    if (std::string{call} == "duplicate")
        record.open.erase(0); // or the pipe would not land below 3
    record.fail(call, 1, EINVAL);
    auto daemon = started<SignalFlag<SIGTERM>>(record);
    CHECK_FALSE(daemon);
    CHECK(record.failed == (std::string{call} == "duplicate" ? "duplicate 0" : call));
    CHECK(record.descriptors_above_stdio().empty());
    CHECK(record.mistakes.empty());
}

TEST_CASE("SignalFlag: a signal that is not collected does not shorten the time") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM>>(record);
    REQUIRE(daemon);
    struct sigaction handler {};
    handler.sa_handler = [](int) {};
    record.dispositions[SIGUSR2] = handler;
    record.events = {Interrupts{SIGUSR2}, Interrupts{SIGUSR2}};
    const auto begun = record.time;
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(record.time - begun >= 1'000'000'000);

    record.events = {Interrupts{SIGUSR2}, Interrupts{SIGTERM}};
    CHECK(daemon->wait_for(std::chrono::hours::max()) == SIGTERM);
}

TEST_CASE("every disposition but those of KILL and STOP is reset, the collected ones too") {
    Record record;
    auto daemon = started<SignalFd<SIGTERM>>(record);
    REQUIRE(daemon);
    for (int signal = 1; signal <= SIGRTMAX; ++signal) {
        const bool can_be_set = signal != SIGKILL && signal != SIGSTOP;
        const bool is_of_libc = signal > 31 && signal < SIGRTMIN;
        CAPTURE(signal);
        CHECK(record.dispositions.count(signal) == (can_be_set && !is_of_libc));
    }
}

TEST_CASE("as PID 1 the signals that ask for the end have a handler from the reset on") {
    Record record;
    const auto has_handler = [&](int signal) {
        const auto handler = record.dispositions[signal].sa_handler;
        return handler != SIG_DFL && handler != SIG_IGN;
    };
    const auto start = [&](auto... policies) {
        return Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, policies...}.start();
    };
    SECTION("no other process has them") {
        const auto daemon = start();
        for (const int signal : {SIGTERM, SIGINT, SIGHUP})
            CHECK_FALSE(has_handler(signal));
    }
    SECTION("PID 1") {
        record.pid = 1;
        SECTION("with every disposition reset") {
            const auto daemon = start();
            for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
                CHECK(has_handler(signal));
                CHECK(record.dispositions[signal].sa_flags ==
                      static_cast<int>(static_cast<unsigned>(SA_RESETHAND)));
                CHECK(recording::names(record.dispositions[signal].sa_mask) == "all");
            }
            CHECK_FALSE(has_handler(SIGQUIT));
            const auto& calls = record.calls;
            CHECK(std::count(calls.begin(), calls.end(), "default TERM") == 0);
        }
        SECTION("but what is collected or ignored") {
            const auto daemon = start(SignalFd<SIGTERM>{}, IgnoreSignals<SIGHUP>{});
            CHECK(record.dispositions[SIGTERM].sa_flags ==
                  (SA_SIGINFO | SA_RESTART)); // it ends nothing
            CHECK(has_handler(SIGINT));
            CHECK_FALSE(has_handler(SIGHUP));
        }
        SECTION("where dispositions are kept, too") {
            const auto daemon = start(KeepSignals{});
            for (const int signal : {SIGTERM, SIGINT, SIGHUP})
                CHECK(has_handler(signal));
        }
    }
}

TEST_CASE("nothing interrupts the handler that removes the pid file") {
    Record record;
    detail::pid_files_of_this_process = {};
    auto daemon =
        Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, PidFile<"/x.pid">{}}.start();
    REQUIRE(daemon);
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
        CHECK(recording::names(record.dispositions[signal].sa_mask) == "all");
        CHECK(record.dispositions[signal].sa_flags ==
              static_cast<int>(static_cast<unsigned>(SA_RESETHAND)));
    }
}

TEST_CASE(
    "a handler for the pid file replaces nothing that the starter ignores, not for a moment") {
    Record record;
    detail::pid_files_of_this_process = {};
    record.dispositions[SIGHUP].sa_handler = SIG_IGN;
    auto daemon = Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, KeepSignals{},
                             PidFile<"/x.pid">{}}
                      .start();
    REQUIRE(daemon);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "handle TERM") == 1);
    CHECK(std::count(record.calls.begin(), record.calls.end(), "handle HUP") == 0);
    CHECK(record.dispositions[SIGHUP].sa_handler == SIG_IGN);
}

TEST_CASE("numbers that libc keeps at run time are refused in words") {
    Record record;
    if (SIGRTMIN == 34)
        __libc_allocate_rtsig(1); // now libc keeps 34 as well
    REQUIRE(SIGRTMIN == 35);
    const auto start = [&](auto policy) {
        return Daemonizer{RecordingHost{&record}, NoFork{}, KeepStdio{}, policy}.start();
    };
    const auto text = [](const auto& result) { return std::string{result.error().text()}; };
    CHECK(text(start(SignalFd<SIGTERM, 34>{})) == "signal number: kept by libc: 34");
    CHECK(text(start(SignalFlag<SIGTERM, 34>{})) == "signal number: kept by libc: 34");
    CHECK(text(start(IgnoreSignals<34>{})) == "signal number: kept by libc: 34");
    CHECK(start(SignalFd<SIGTERM, 35>{}));
    CHECK(record.descriptors_above_stdio().empty());
}

TEST_CASE("signals are ignored after all are reset") {
    Record record;
    auto daemon = Daemonizer{
        RecordingHost{&record}, NoFork{}, IgnoreSignals<SIGPIPE, SIGCHLD>{},
        KeepStdio{}}.start();
    REQUIRE(daemon);
    CHECK(record.dispositions[SIGPIPE].sa_handler == SIG_IGN);
    CHECK(record.dispositions[SIGCHLD].sa_handler == SIG_IGN);
    CHECK(record.dispositions[SIGTERM].sa_handler == SIG_DFL);
}

TEST_CASE("SignalFd: a handler of the program's neither shortens nor prolongs the wait") {
    Record record;
    auto daemon = started<SignalFd<SIGTERM, SIGHUP>>(record);
    REQUIRE(daemon);
    record.events = {Interrupts{SIGUSR2}};
    record.calls.clear();
    const auto begun = record.time;
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(record.calls == std::vector<std::string>{"poll 3", "poll 3"});
    CHECK(record.time - begun >= 1'000'000'000);
    CHECK(record.time - begun < 1'001'000'000);
}

TEST_CASE("SignalFd: where the descriptor fails late, the rest of the time is waited for") {
    struct Late : RecordingHost {
        auto poll(pollfd*, nfds_t, const timespec*, const sigset_t*) const -> int {
            record->time += 600'000'000;
            return -EBADF;
        }
    };
    Record record;
    auto daemon = Daemonizer{Late{{&record}}, NoFork{}, SignalFd<SIGTERM>{}, KeepStdio{}}.start();
    REQUIRE(daemon);
    const auto begun = record.time;
    CHECK(daemon->wait_for(1s) == 0);
    CHECK(record.time - begun >= 1'000'000'000);
    CHECK(record.time - begun < 1'001'000'000);
}

TEST_CASE("SignalFlag: wait() goes on after a handler of the program's") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM>>(record);
    REQUIRE(daemon);
    struct sigaction handler {};
    handler.sa_handler = [](int) {};
    record.dispositions[SIGUSR2] = handler;
    record.events = {Interrupts{SIGUSR2}, Interrupts{SIGTERM}};
    CHECK(daemon->wait() == SIGTERM);
}

TEST_CASE("SignalFlag: a pipe with many bytes is emptied at once") {
    Record record;
    auto daemon = started<SignalFlag<SIGTERM>>(record);
    REQUIRE(daemon);
    record.wakes[3] = 150;
    CHECK(daemon->wait_for(0s) == 0);
    CHECK(record.wakes[3] == 0);
}

TEST_CASE("SignalFlag: without its pipe it looks ten times a second") {
    struct NoPipe : RecordingHost {
        auto read(int, void*, std::size_t) const -> long { return -EBADF; }
    };
    Record record;
    auto daemon =
        Daemonizer{NoPipe{{&record}}, NoFork{}, SignalFlag<SIGTERM>{}, KeepStdio{}}.start();
    REQUIRE(daemon);
    CHECK(daemon->wait_for(1s) == 0);
    const auto sleeps = std::count(record.calls.begin(), record.calls.end(), "sleep");
    CHECK(sleeps >= 10);
    CHECK(sleeps <= 11);
}

namespace {

/// What happens while a handler writes into the pipe, in another thread for example.
std::function<void()> in_a_handler;
struct Handling : RecordingHost {
    auto write(int fd, const void* from, std::size_t size) const -> long {
        if (in_a_handler)
            in_a_handler();
        const long answer = RecordingHost::write(fd, from, size);
        errno = EAGAIN;
        return answer;
    }
};

} // namespace

TEST_CASE("SignalFlag: a handler leaves errno as it was, and knows no other signals") {
    Record record;
    auto daemon =
        Daemonizer{Handling{{&record}}, NoFork{}, SignalFlag<SIGTERM>{}, KeepStdio{}}.start();
    REQUIRE(daemon);
    const auto handler = record.dispositions[SIGTERM].sa_handler;
    errno = ENOENT;
    handler(SIGTERM);
    CHECK(errno == ENOENT);
    CHECK(daemon->wait_for(0s) == SIGTERM);
    handler(SIGUSR2);
    CHECK(daemon->wait_for(0s) == 0);
}

TEST_CASE("SignalFlag: at the end a handler that still runs is waited for, but not for ever") {
    Record record;
    {
        auto daemon =
            Daemonizer{Handling{{&record}}, NoFork{}, SignalFlag<SIGTERM>{}, KeepStdio{}}.start();
        REQUIRE(daemon);
        in_a_handler = [&] {
            in_a_handler = nullptr;
            record.calls.clear();
            const auto gone = std::move(*daemon);
        };
        record.dispositions[SIGTERM].sa_handler(SIGTERM);
    }
    const auto& calls = record.calls;
    const auto closed = std::find(calls.begin(), calls.end(), "close 4");
    REQUIRE(closed != calls.end());
    CHECK(std::count(calls.begin(), closed, "sleep") == 20);
    CHECK(record.descriptors_above_stdio().empty());
}
