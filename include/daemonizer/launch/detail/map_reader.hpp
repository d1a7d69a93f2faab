// SPDX-License-Identifier: BSL-1.0
// Reads the list of this process's memory mappings.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MAP_READER_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MAP_READER_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

struct [[gnu::visibility("hidden")]] Mapping;

struct Mapping {
    unsigned long from, to;

    auto size() const -> unsigned long { return to - from; }
    auto has(unsigned long address) const -> bool { return address >= from && address < to; }
    auto has(const void* address) const -> bool {
        return has(reinterpret_cast<unsigned long>(address));
    }
    auto meets(const Mapping& other) const -> bool { return from < other.to && other.from < to; }
};

class [[gnu::visibility("hidden")]] MapReader;

/// Finds in /proc/self/maps what only this process has and no file: the heap, a large array, a
/// stack. proc(5): "FROM-TO rw-p OFFSET DEVICE INODE NAME", and the inode is 0.
///
/// A mapping that directly follows a private one of a file may be the uninitialised data of that
/// object, where counters and tables are, and so may what follows that: it is none of these.
class MapReader {
public:
    /// Takes the next character. True at the end of a line about such a mapping.
    auto take(char c, Mapping& found) -> bool {
        if (c == '\n')
            return end_of_line(found);
        if (c == ' ') {
            ++field_;
        } else if (field_ == 0 && c == '-') {
            found.from = number_;
            number_ = 0;
        } else if (field_ == 0) {
            number_ = number_ * 16 + static_cast<unsigned long>(c <= '9' ? c - '0' : c - 'a' + 10);
            found.to = number_;
        } else if (field_ == 1) {
            is_writable_ = is_writable_ && c == "rw-p"[column_ & 3U];
            is_guard_ = is_guard_ && c == "---p"[column_ & 3U];
            is_shared_ = c == 's';
            ++column_;
        } else if (field_ == 4) {
            has_file_ = has_file_ || c != '0';
        }
        return false;
    }

private:
    auto end_of_line(const Mapping& found) -> bool {
        const bool is_data = field_ != 0 && !has_file_ && (is_writable_ || is_guard_);
        const bool follows = found.from == end_of_object_;
        const bool is_own = is_data && is_writable_ && !follows;
        if (is_data ? follows : !is_shared_)
            end_of_object_ = found.to;
        number_ = 0;
        field_ = column_ = 0;
        is_writable_ = is_guard_ = true;
        is_shared_ = has_file_ = false;
        return is_own;
    }

    unsigned long number_ = 0, end_of_object_ = 0;
    unsigned field_ = 0, column_ = 0;
    bool is_writable_ = true, is_guard_ = true, is_shared_ = false, has_file_ = false;
};

} // namespace daemonizer::detail

#endif
