// SPDX-License-Identifier: BSL-1.0
// Which memory of this process is known to be the program's data alone.
#ifndef DAEMONIZER_LAUNCH_DETAIL_OWN_MAPPINGS_HPP
#define DAEMONIZER_LAUNCH_DETAIL_OWN_MAPPINGS_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <fcntl.h>
#include <link.h>

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

class [[gnu::visibility("hidden")]] PrivateMappings;

/// The large ones of these mappings.
class PrivateMappings {
public:
    PrivateMappings() {} // not zeroed

    /// Takes as many as there is room for; the rest is kept, and costs only time. False where
    /// /proc does not tell.
    template <class Host>
    auto read(const Host& host) -> bool {
        constexpr unsigned long large = 1UL << 20;
        const int maps = host.open(AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC);
        if (maps < 0)
            return false;
        char text[1024];
        MapReader reader;
        Mapping found{};
        for (long size; (size = host.read(maps, text, sizeof text)) > 0;)
            for (const char* next = text; next != text + size; ++next)
                if (reader.take(*next, found) && found.size() >= large && size_ != room)
                    mappings_[size_++] = found;
        host.close(maps);
        return true;
    }

    /// Leaves out what the dynamic linker has put in memory: objects, and its lists of them, which
    /// a call needs that is bound late. The name of an object is where the lists about that object
    /// are: objects that are there from the start have it in memory of the linker's own, those that
    /// were loaded later in the program's heap. False where it has lists elsewhere: of an object
    /// that was unloaded, or in another namespace (dlmopen(3), LD_AUDIT).
    auto leave_out_what_is_linked() -> bool {
        Look look{*this, 0, 0, 0};
        ::dl_iterate_phdr(look_at, &look);
#if defined(__GLIBC__)
        return look.removed == 0 && look.added == look.objects;
#else
        return true; // musl binds all at once, and looks at no list afterwards
#endif
    }

    auto begin() -> Mapping* { return mappings_; }
    auto end() -> Mapping* { return mappings_ + size_; }

private:
    static constexpr unsigned room = 64;

    struct Look {
        PrivateMappings& mappings;
        unsigned long long objects, added, removed;
    };

    static auto look_at(dl_phdr_info* object, std::size_t, void* data) -> int {
        auto& look = *static_cast<Look*>(data);
        ++look.objects;
        look.added = object->dlpi_adds;
        look.removed = object->dlpi_subs;
        for (Mapping& mapping : look.mappings) {
            bool is_linked = mapping.has(object->dlpi_name) || mapping.has(object->dlpi_phdr);
            for (unsigned i = 0; i != object->dlpi_phnum; ++i) {
                const auto& segment = object->dlpi_phdr[i];
                const unsigned long from = object->dlpi_addr + segment.p_vaddr;
                is_linked = is_linked || (segment.p_type == PT_LOAD &&
                                          mapping.meets({from, from + segment.p_memsz}));
            }
            if (is_linked)
                mapping.to = mapping.from;
        }
        return 0;
    }

    unsigned size_ = 0;
    Mapping mappings_[room];
};

} // namespace daemonizer::detail

#endif
