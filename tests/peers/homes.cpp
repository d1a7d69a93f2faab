// SPDX-License-Identifier: BSL-1.0
// The program on this library that is swept as its homes have it: with a manager's socket, passed
// sockets, a watchdog and the journal. FORK names the fork policy. SUPERVISED says who waits for
// it: `socket` a manager with READY=1, `pipe` one with a newline; without it nobody does, and the
// launcher says whether it was started.
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <type_traits>
#include <unistd.h>

using namespace daemonizer;

namespace {

enum class waits { nobody, socket, pipe };
#ifndef SUPERVISED
#define SUPERVISED nobody
#endif
constexpr waits who = waits::SUPERVISED;
/// What would tell AutoFork that it is supervised is left out where it is not.
constexpr bool is_auto = std::is_same_v<FORK, AutoFork>;
constexpr bool has_sockets = who != waits::nobody || !is_auto;
constexpr bool has_newline = who == waits::pipe || (who == waits::nobody && !is_auto);

// What the outside has open. The daemon keeps them, so that its words always find somebody.
constexpr int manager = 20, newline = 21, journal = 22;
constexpr int newline_for_us = 9;

void must(bool good, const char* what) {
    if (good)
        return;
    std::perror(what);
    ::_exit(97);
}

void put(int fd, int at) {
    must(fd >= 0 && ::dup2(fd, at) == at, "dup2");
    if (fd != at)
        ::close(fd);
}

auto listen_at(const sockaddr_un& address, std::size_t length, int type, int at) {
    put(::socket(AF_UNIX, type, 0), at);
    must(::bind(at, reinterpret_cast<const sockaddr*>(&address),
                static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length)) == 0,
         "bind");
}

void open_manager() {
    const std::string name = "daemonizer-sweep-" + std::to_string(::getpid());
    sockaddr_un address{AF_UNIX, {}};
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    listen_at(address, name.size() + 1, SOCK_DGRAM, manager);
    ::setenv("NOTIFY_SOCKET", ('@' + name).c_str(), 1);
}

void open_pipe() {
    int ends[2];
    must(::pipe(ends) == 0, "pipe");
    put(ends[1], newline_for_us);
    put(ends[0], newline);
}

/// Where mounts can be had; elsewhere the composition has another stdio.
auto open_journal() -> bool {
    sockaddr_un address{AF_UNIX, "/run/systemd/journal/stdout"};
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("none", "/run", "tmpfs", 0, nullptr) != 0)
        return false;
    must(::mkdir("/run/systemd", 0755) == 0 && ::mkdir("/run/systemd/journal", 0755) == 0, "mkdir");
    listen_at(address, std::strlen(address.sun_path) + 1, SOCK_STREAM, journal);
    must(::listen(journal, 4) == 0, "listen");
    return true;
}

/// Of the process that is started, as a manager leaves them.
void set_variables() {
    const std::string own = std::to_string(::getpid());
    if (has_sockets) {
        int ends[2];
        must(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0, "socketpair");
        const int low = ::fcntl(ends[0], F_DUPFD, 30), high = ::fcntl(ends[1], F_DUPFD, 30);
        ::close(ends[0]);
        ::close(ends[1]);
        put(low, 3);
        put(high, 4);
        ::setenv("LISTEN_FDS", "2", 1);
        ::setenv("LISTEN_FDNAMES", "a:b", 1);
        ::setenv("LISTEN_PID", own.c_str(), 1);
    }
    ::setenv("WATCHDOG_USEC", "60000000", 1);
    ::setenv("WATCHDOG_PID", own.c_str(), 1);
    ::setenv("SYSTEMD_EXEC_PID", who == waits::nobody ? "1" : own.c_str(), 1);
}

void begin_to_count() { static_cast<void>(::access("/daemon-peers/main-begins", F_OK)); }

/// Whether the word has come.
auto is_ready() -> bool {
    char text[4096];
    if (who == waits::pipe)
        return ::read(newline, text, sizeof text) == 1;
    const ssize_t size = ::recv(manager, text, sizeof text, MSG_DONTWAIT);
    return size > 0 && std::strncmp(text, "READY=1", 7) == 0;
}

/// A manager with one service: it leaves with 0 once that is ready, else with its status. It sleeps
/// until something happens, or the sweep would wait for it.
[[noreturn]] void supervise(pid_t service, const char* pid_file) {
    constexpr int patience = 3000; // ms
    const char* const own = program_invocation_short_name;
    const int handle = static_cast<int>(::syscall(SYS_pidfd_open, service, 0));
    must(handle >= 0, "pidfd_open");
    ::fcntl(newline, F_SETFL, O_NONBLOCK);
    pollfd news[]{{who == waits::pipe ? newline : manager, POLLIN, 0}, {handle, POLLIN, 0}};
    const char* why = "not ready in time";
    while (::poll(news, 2, patience) > 0) {
        if (news[0].revents != 0 && is_ready()) {
            begin_to_count();
            ::_exit(0);
        }
        if (news[0].revents == POLLHUP)
            news[0].fd = -1; // nobody can send the word any more
        if (news[1].revents != 0) {
            why = nullptr;
            break;
        }
    }
    if (why != nullptr)
        ::kill(service, SIGTERM);
    int status = 0;
    ::waitpid(service, &status, 0);
    if (WIFSIGNALED(status)) {
        why = why == nullptr ? "the service was killed" : why;
        // As a manager does that removes the service's directory (RuntimeDirectory=).
        ::unlink(pid_file);
        ::unlink((std::string{pid_file} + ".new").c_str());
    }
    if (why != nullptr)
        std::fprintf(stderr, "%s: supervisor: %s\n", own, why);
    ::_exit(WIFEXITED(status) && WEXITSTATUS(status) != 0 ? WEXITSTATUS(status) : 1);
}

template <class Stdio>
auto serve(const char* pid_file) -> int {
    return Daemonizer{FORK{},
                      PidFile{pid_file},
                      Stdio{},
                      StderrLog{},
                      SignalFd<SIGTERM, SIGHUP>{},
                      SystemdNotify{},
                      DescriptorNotify{has_newline ? newline_for_us : -1},
                      Watchdog{},
                      ListenSockets{},
                      CloseDescriptors<manager, newline, journal>{}}
        .run([](auto& daemon) {
            daemon.status("loading");
            const int descriptor = daemon.descriptor();
            if (daemon.socket("a") != (has_sockets ? 3 : -1) || descriptor < 0)
                return daemon.fail(3, "something is missing");
            daemon.ready("up");
            pollfd entry{descriptor, POLLIN, 0};
            for (;;) {
                ::poll(&entry, 1, -1);
                if (daemon.wait_for(std::chrono::seconds{0}) == SIGTERM)
                    return 0;
            }
        });
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    const char* const pid_file = argv[1];
    const bool has_journal = open_journal();
    if (who != waits::pipe)
        open_manager();
    else
        ::unsetenv("NOTIFY_SOCKET");
    if (has_newline)
        open_pipe();
    if (who != waits::nobody)
        if (const pid_t service = ::fork(); service != 0) {
            must(service > 0, "fork");
            ::close(newline_for_us);
            supervise(service, pid_file);
        }
    set_variables();
    begin_to_count();
    return has_journal ? serve<JournalStdio<"sweep">>(pid_file) : serve<NullStdio>(pid_file);
}
