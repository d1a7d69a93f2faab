// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_LET_GO_HPP
#define DAEMONIZER_DETAIL_LET_GO_HPP

#include <daemonizer/detail/valgrind.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>

namespace daemonizer::detail {

/// A mapping that only this process has and no file: the heap, a large array.
struct OwnMemory {
    unsigned long from = 0, to = 0;

    auto size() const -> unsigned long { return to - from; }
    auto has(const void* address) const -> bool {
        const auto at = reinterpret_cast<unsigned long>(address);
        return at >= from && at < to;
    }

    /// From a line of /proc/self/maps (proc(5)); empty where that is about another kind of mapping.
    static auto of_line(const char* line) -> OwnMemory {
        const char* const permissions = field(line, 1);
        const char* const inode = field(line, 4);
        const char* const name = field(line, 5);
        const bool has_no_name = name[0] == '\0' || (name[0] == '[' && name[1] == 'h') ||
                                 (name[0] == '[' && name[1] == 'a'); // [heap], [anon: ...
        if (permissions[0] != 'r' || permissions[1] != 'w' || permissions[3] != 'p' ||
            inode[0] != '0' || !has_no_name)
            return {};
        OwnMemory found;
        found.from = hexadecimal(line);
        found.to = hexadecimal(++line);
        return found;
    }

private:
    static auto field(const char* line, int which) -> const char* {
        for (; which != 0; --which) {
            while (*line != ' ' && *line != '\0')
                ++line;
            while (*line == ' ')
                ++line;
        }
        return line;
    }
    static auto hexadecimal(const char*& text) -> unsigned long {
        unsigned long value = 0;
        for (; *text != '-' && *text != ' '; ++text)
            value = value * 16 +
                    static_cast<unsigned long>(*text <= '9' ? *text - '0' : *text - 'a' + 10);
        return value;
    }
};

/// Gives back the large pieces of memory that only the program has used, until `stop()`: as long as
/// a launcher keeps its copy, each page that the daemon writes must be copied. For one that never
/// returns to the program and makes its calls without libc. What holds the stack or the thread's
/// own variables stays.
template <class Host, class Stop>
void let_go_of_memory(const Host& host, Stop stop) {
    constexpr long worth_it = 16 << 10; // kilobytes
    constexpr unsigned long large = 1UL << 20, piece = 64UL << 20;
    if (host.peak_memory() < worth_it || is_under_valgrind())
        return;
    const int maps = host.open(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0)
        return;
    char line[128], text[1024];
    std::size_t length = 0; // of the line so far; the end of a long one says nothing
    bool over = false;
    const void* const thread = &errno;
    for (long size; !over && (size = host.read(maps, text, sizeof text)) > 0;) {
        for (const char* next = text; next != text + size; ++next) {
            if (*next != '\n') {
                if (length != sizeof line - 1)
                    line[length++] = *next;
                continue;
            }
            line[length] = '\0';
            length = 0;
            auto memory = OwnMemory::of_line(line);
            if (memory.size() < large || memory.has(line) || memory.has(thread))
                continue;
            while (memory.size() != 0 && !(over = stop())) {
                const unsigned long gone = memory.size() < piece ? memory.size() : piece;
                host.unmap(memory.from, gone);
                memory.from += gone;
            }
        }
    }
    host.close(maps);
}

} // namespace daemonizer::detail

#endif
