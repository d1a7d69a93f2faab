// SPDX-License-Identifier: BSL-1.0
// A server that can be upgraded, for the tests of it: server DIRECTORY. It answers each connection
// at DIRECTORY/socket with its generation, and does what DIRECTORY/mode says.
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <poll.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

using namespace daemonizer;

namespace {

constexpr int facts = 200, gate = 201;

bool is_restart = false;      ///< an older one is to be stopped first
bool uses_the_number = false; ///< of the notify descriptor, for a pipe of its own
constexpr int notify_fd = 202;

void tell(const std::string& fact) {
    const std::string line = fact + '\n';
    if (::write(facts, line.data(), line.size()) < 0)
        ::_exit(98);
}

auto listen_at(const std::string& path) -> int {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        ::listen(fd, 1024) != 0)
        return -1;
    return fd;
}

void answer(int listener) {
    const int client = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    char question;
    if (::read(client, &question, 1) == 1)
        ::send(client, &question, 1, MSG_NOSIGNAL);
    ::close(client);
}

auto surroundings() -> std::string {
    char here[4096];
    const mode_t mask = ::umask(0);
    ::umask(mask);
    const char* const variable = std::getenv("VARIABLE");
    return std::string{"in "} + ::getcwd(here, sizeof here) + " umask " + std::to_string(mask) +
           " variable " + (variable == nullptr ? "none" : variable);
}

template <bool HasDescriptor = true, class... More>
auto run(const std::string& directory, const std::string& started, const More&... more) -> int {
    const std::string pid = directory + "/x.pid", log = directory + "/x.log";
    const Daemonizer service{PidFile{pid}, LogStdio{log}, CloseDescriptors<facts, gate>{},
                             Upgrade<SIGUSR2>{}, more...};
    const auto body = [&](auto& daemon) -> int {
        std::string mode;
        std::ifstream{directory + "/mode"} >> mode;
        if (daemon.is_trial())
            tell("trial " + started);
        if (mode == "fail")
            return daemon.fail(3, "no configuration");
        if (mode == "leave")
            return 7;
        if (mode == "crash")
            ::raise(SIGSEGV);
        while (mode == "hang")
            ::pause();
        int listener = daemon.socket("front");
        if (listener < 0) {
            listener = listen_at(directory + "/socket");
            if (listener < 0 || !daemon.store("front", listener))
                return daemon.fail(4, "no socket");
            ::close(listener);
            listener = daemon.socket("front");
        }
        daemon.ready();
        if (uses_the_number)
            ::dup2(facts, notify_fd);
        tell("serves " + std::to_string(::getpid()) + ' ' + started);
        for (;;) {
            pollfd news[2]{{listener, POLLIN, 0}, {-1, POLLIN, 0}};
            if constexpr (HasDescriptor)
                news[1].fd = daemon.descriptor();
            if (::poll(news, 2, 10) > 0 && (news[0].revents & POLLIN) != 0)
                answer(listener);
            const int signal = daemon.wait_for(std::chrono::milliseconds{0});
            if (signal == SIGTERM)
                return 0;
            if (signal == SIGHUP)
                tell("reload");
            if (signal == SIGUSR1)
                tell(daemon.upgrade() ? "impossible" : "refused");
        }
    };
    const auto otherwise = [](const ControlResult& result) { return result.exit_status(); };
    return is_restart ? restart(service, body, otherwise) : service.run(body);
}

} // namespace

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    const std::string started = surroundings();
    ::setenv("VARIABLE", "changed", 1);
    const std::string how = argc > 2 ? argv[2] : "";
    is_restart = how == "restart";
    if (how == "flags")
        return run<false>(argv[1], started, SignalFlag<SIGTERM, SIGHUP, SIGUSR1, SIGUSR2>{});
    const SignalFd<SIGTERM, SIGHUP, SIGUSR1, SIGUSR2> signals;
    if (how == "foreground")
        return run(argv[1], started, NoFork{}, signals);
    uses_the_number = how == "alone";
    if (how == "supervised" || how == "alone")
        return run(argv[1], started, AutoFork{}, DescriptorNotify{notify_fd}, signals);
    if (how == "notifies")
        return run(argv[1], started, NoFork{}, SystemdNotify{}, signals);
    if (how == "passed")
        return run(argv[1], started, NoFork{}, ListenSockets{}, signals);
    if (how == "impatient")
        return run(argv[1], started, StartTimeout<1>{}, signals);
    return run(argv[1], started, signals);
}
