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

/// Null in a program that nowhere names status(): it has no other code for such a line.
template <class Host>
[[gnu::visibility("hidden")]] inline ShowStatus<Host> show_status = nullptr;

/// Not kept by a launcher or a daemon: the code of one that has none must not grow by it.
template <class Host>
[[gnu::visibility("hidden")]] inline bool status_line_shows = false;

/// Removes the line where there is one.
template <class Host>
[[gnu::cold, gnu::visibility("hidden")]] void clear_status_line(const Host& host, int fd) {
    if (status_line_shows<Host>)
        host.write(fd, "\r\033[K", 4);
    status_line_shows<Host> = false;
}

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

/// Puts the function there before main() begins. Instantiated by whoever shows a status in another
/// process than the one that says it.
template <class Host>
struct StatusLineIsUsed {
    [[gnu::visibility("hidden")]] static inline const bool value =
        (show_status<Host> = write_status_line<Host>) != nullptr;
};

} // namespace daemonizer::inline DAEMONIZER_ABI::detail

#endif
