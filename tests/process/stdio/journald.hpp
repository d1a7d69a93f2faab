// SPDX-License-Identifier: BSL-1.0
// A journald of the test's own, in mounts of its own.
#ifndef DAEMONIZER_TESTS_JOURNALD_HPP
#define DAEMONIZER_TESTS_JOURNALD_HPP

#include "kernel.hpp"
#include "supervision/manager.hpp"

namespace launch {

inline constexpr const char* socket_name = "/run/systemd/journal/stdout";

/// A /run of one's own, and in it a socket where journald's would be.
inline auto listen_as_journald() -> int {
    forget_supervisors();
    take_private_mounts();
    must(::mount("none", "/run", "tmpfs", 0, nullptr) == 0, "/run");
    ::mkdir("/run/systemd", 0755);
    ::mkdir("/run/systemd/journal", 0755);
    const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{AF_UNIX, {}};
    std::strcpy(address.sun_path, socket_name);
    must(::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 &&
             ::listen(fd, 2) == 0,
         "listen");
    return fd;
}

inline auto cannot_be_journald() -> bool {
    return cannot("mounts", [] { listen_as_journald(); });
}

inline auto everything_of(int connection) -> std::string {
    std::string text;
    char piece[1024];
    for (ssize_t size; (size = ::read(connection, piece, sizeof piece)) > 0;)
        text.append(piece, static_cast<std::size_t>(size));
    std::replace(text.begin(), text.end(), '\n', '|');
    return text;
}

} // namespace launch

#endif
