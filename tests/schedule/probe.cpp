// SPDX-License-Identifier: BSL-1.0
// The program that is scheduled: probe VERB PID_FILE FORK [PLANTED_BUG]
#include "marks.hpp"
#include "planted.hpp"

#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <poll.h>
#include <string_view>
#include <sys/syscall.h>
#include <type_traits>
#include <unistd.h>

namespace {

using namespace schedule;
using namespace daemonizer;
using std::string_view;

string_view verb;

void mark(Mark what) { ::syscall(what); }

[[noreturn]] void rest() {
    for (;;)
        ::ppoll(nullptr, 0, nullptr, nullptr);
}

/// A worker that is forked before ready, as servers do. True in the worker.
bool make_worker() {
    planted::pid_is_known();
    if (::fork() != 0)
        return false;
    mark(mark_worker);
    return true;
}

template <bool IsUpgradable>
int body(auto& daemon) {
    if constexpr (IsUpgradable)
        if (daemon.is_trial())
            mark(mark_trial);
    mark(mark_body);
    if (verb == "fail")
        return daemon.fail(3, "no configuration");
    if (verb == "return")
        return 4;
    if (verb == "crash")
        ::raise(SIGKILL);
    if (verb == "never")
        rest();
    if (verb.starts_with("worker") && make_worker()) {
        if (verb == "worker-returns")
            return 5;
        rest();
    }
    if (verb == "worker-fail")
        return daemon.fail(3, "no configuration");
    mark(mark_ready);
    daemon.ready();
    mark(mark_serves);
    if (verb == "crash-later" || verb == "worker-crash-later")
        ::raise(SIGKILL);
    while (verb != "return-later" && daemon.wait() != SIGTERM) {
    }
    mark(mark_ends);
    return 0;
}

template <class Fork>
int start_or_restart(const char* path) {
    const Daemonizer service{Fork{}, NullStdio{}, PidFile{path}, SignalFd<SIGTERM, SIGHUP>{}};
    const auto serve = [](auto& daemon) { return body<false>(daemon); };
    if (verb == "upgradable")
        return Daemonizer{Fork{}, NullStdio{}, PidFile{path}, SignalFd<SIGTERM, SIGHUP, SIGUSR2>{},
                          Upgrade<SIGUSR2>{}}
            .run([](auto& daemon) { return body<true>(daemon); });
    if constexpr (!std::is_same_v<Fork, HandoffFork>)
        if (verb == "monitored")
            return Daemonizer{Fork{}, NullStdio{}, PidFile{path}, SignalFd<SIGTERM, SIGHUP>{},
                              Monitor<2, 60>{}}
                .run(serve);
    if (verb == "restart")
        return restart(service, serve, [](const ControlResult& result) {
            return 30 + static_cast<int>(result.what);
        });
    return service.run(serve);
}

int said(const char* text, int status) {
    std::fprintf(stderr, "%s\n", text);
    return status;
}

} // namespace

int main(int, char** argument) {
    verb = argument[1];
    const char* const path = argument[2];
    const string_view fork = argument[3];
    planted::choose(argument[4] == nullptr ? "" : argument[4]);
    mark(mark_main);
    if (verb == "stranger") {
        mark(mark_stranger);
        rest();
    }
    if (verb == "stop") {
        const ControlResult result = stop(path);
        return result ? 0 : said(result.text(), 20 + static_cast<int>(result.what));
    }
    if (verb == "ask-upgrade") {
        const ControlResult result = daemonizer::signal(path, SIGUSR2);
        return result ? 0 : said(result.text(), 20 + static_cast<int>(result.what));
    }
    if (verb == "status") {
        const ServiceStatus now = status(path);
        return said(now.text(), 40 + static_cast<int>(now.what));
    }
    if (fork == "single")
        return start_or_restart<SingleFork>(path);
    if (fork == "handoff")
        return start_or_restart<HandoffFork>(path);
    return start_or_restart<DoubleFork>(path);
}
