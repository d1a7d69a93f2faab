// SPDX-License-Identifier: BSL-1.0
// A stream to journald.
#ifndef DAEMONIZER_STDIO_DETAIL_JOURNAL_CONNECTION_HPP
#define DAEMONIZER_STDIO_DETAIL_JOURNAL_CONNECTION_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <cstddef>
#include <sys/socket.h>
#include <sys/un.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The address of journald's streams.
inline auto journal_address() -> sockaddr_un {
    sockaddr_un address{AF_UNIX, "/run/systemd/journal/stdout"};
    return address;
}

/// Connects, and says in seven lines who writes: the identifier, a unit (believed of root alone),
/// the priority of a line without "<N>", whether "<N>" is looked for, and three times that the line
/// goes nowhere else. Returns a descriptor above 2, or a negative errno.
template <class Host>
auto connect_to_journal(const Host& host, const char* ident, int priority) -> int {
    const sockaddr_un address = detail::journal_address();
    char text[256]; // journald refuses a longer first line
    LineWriter header{text, sizeof text};
    header.text(ident, 16).end_of_line().end_of_line();
    header.number(priority).end_of_line().text("1").end_of_line();
    for (int i = 0; i != 3; ++i)
        header.text("0").end_of_line();

    const int fd = detail::above_stdio(host, host.open_socket(AF_UNIX, SOCK_STREAM));
    int error = fd;
    if (fd >= 0)
        error = host.connect_socket(fd, &address, sizeof address);
    if (error >= 0)
        error = host.stop_receiving(fd);
    if (error >= 0)
        error =
            static_cast<int>(host.send(fd, text, static_cast<std::size_t>(header.end() - text)));
    if (error >= 0)
        return fd;
    if (fd >= 0)
        host.close(fd);
    return error;
}

/// Fails the step, or returns a descriptor above 2.
template <class Start>
auto open_journal(const Start& start, const char* ident, int priority) -> int {
    const int fd = detail::connect_to_journal(start.host(), ident, priority);
    if (fd < 0)
        start.fail(detail::journal_address().sun_path, fd);
    return fd;
}

/// Connects anew in place of what a descriptor was. Returns null, or why not.
template <class Host>
auto reopen_journal(const Host& host, int descriptor, const char* ident, int priority) -> const
    char* {
    const int fd = detail::connect_to_journal(host, ident, priority);
    const int error = fd < 0 ? fd : host.duplicate_onto(fd, descriptor);
    if (fd >= 0)
        host.close(fd);
    return error < 0 ? detail::error_text(-error) : nullptr;
}

} // namespace daemonizer::detail

#endif
