// SPDX-License-Identifier: BSL-1.0
// The line on a terminal that says how far a start has come.
#ifndef DAEMONIZER_COMPOSE_START_STATUS_LINE_HPP
#define DAEMONIZER_COMPOSE_START_STATUS_LINE_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Shows `text` in place of the line that is there; null removes that line.
template <class Host>
using ShowStatus = void (*)(const Host& host, int fd, const char* program, const char* text);

/// Null until a status has been shown: a program that nowhere names status() has no other code for
/// such a line.
template <class Host>
[[gnu::visibility("hidden")]] inline ShowStatus<Host> show_status = nullptr;

/// Whether a line is on the terminal. It is no member of a launcher or a daemon: the code of one
/// without such a line must not grow by it.
template <class Host>
[[gnu::visibility("hidden")]] inline bool status_line_shows = false;

/// Writes nothing where `fd` is no terminal. The line is cut at the terminal's width, since one
/// that is broken could not be replaced, and the cursor returns to its beginning.
template <class Host>
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] void
write_status_line(const Host& host, int fd, const char* program, const char* text) {
    static constexpr char clear[] = "\r\033[K";
    if (text == nullptr) {
        if (status_line_shows<Host>)
            host.write(fd, clear, sizeof clear - 1);
        status_line_shows<Host> = false;
        return;
    }
    int width = host.terminal_width(fd);
    if (width < 0)
        return;
    char line[256];
    constexpr std::size_t head = sizeof clear - 1, most = sizeof line - head;
    for (std::size_t i = 0; i != head; ++i)
        line[i] = clear[i];
    if (width == 0)
        width = 80; // a terminal that does not know its own
    const std::size_t room = static_cast<std::size_t>(width) < most
                                 ? static_cast<std::size_t>(width)
                                 : most; // one less is shown: the terminator takes a place
    const LineWriter writer = LineWriter{line + head, room}.text(program).text(": ").text(text);
    host.write(fd, line, static_cast<std::size_t>(writer.end() - line));
    status_line_shows<Host> = true;
}

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
