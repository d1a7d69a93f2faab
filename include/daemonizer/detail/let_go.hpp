// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_LET_GO_HPP
#define DAEMONIZER_DETAIL_LET_GO_HPP

#include <daemonizer/detail/valgrind.hpp>

#include <cerrno>
#include <cstddef>
#include <fcntl.h>

namespace daemonizer::detail {

struct Mapping {
    unsigned long from = 0, to = 0;

    auto size() const -> unsigned long { return to - from; }
    auto has(const void* address) const -> bool {
        const auto at = reinterpret_cast<unsigned long>(address);
        return at >= from && at < to;
    }
};

/// Finds the mappings in /proc/self/maps that only this process has and no file: the heap, a large
/// array, a stack. proc(5): "FROM-TO rw-p OFFSET DEVICE INODE NAME", and the inode is 0.
class OwnMappings {
public:
    /// Takes the next character. True at the end of a line about such a mapping.
    auto take(char c, Mapping& found) -> bool {
        if (c == '\n') {
            const bool is_own = is_own_;
            *this = {};
            return is_own;
        }
        if (c == ' ') {
            ++field_;
        } else if (field_ == 0 && c == '-') {
            found.from = number_;
            number_ = 0;
        } else if (field_ == 0) {
            number_ = number_ * 16 + static_cast<unsigned long>(c <= '9' ? c - '0' : c - 'a' + 10);
            found.to = number_;
        } else if (field_ == 1) {
            is_own_ = is_own_ && c == "rw-p"[column_++ & 3U];
        } else if (field_ == 4) {
            is_own_ = is_own_ && c == '0';
        }
        return false;
    }

private:
    unsigned long number_ = 0;
    unsigned field_ = 0, column_ = 0;
    bool is_own_ = true;
};

/// Gives back the large pieces of memory that only the program has used, until `stop()`: as long as
/// a launcher keeps its copy, each page that the daemon writes must be copied. For one that never
/// returns to the program and makes its calls without libc. What holds the stack or the thread's
/// own variables stays, and what `is_needed`.
template <class Host, class Stop, class IsNeeded>
void let_go_of_memory(const Host& host, Stop stop, IsNeeded is_needed) {
    constexpr long worth_it = 16 << 10; // kilobytes
    constexpr unsigned long large = 1UL << 20, piece = 64UL << 20;
    if (host.peak_memory() < worth_it || is_under_valgrind())
        return;
    const int maps = host.open(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
    if (maps < 0)
        return;
    char text[1024];
    const void* const thread = &errno;
    OwnMappings mappings;
    Mapping memory;
    bool over = false;
    for (long size; !over && (size = host.read(maps, text, sizeof text)) > 0;) {
        for (const char* next = text; next != text + size; ++next) {
            if (!mappings.take(*next, memory) || memory.size() < large || memory.has(text) ||
                memory.has(thread) || is_needed(memory))
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
