// SPDX-License-Identifier: BSL-1.0
// Copies the texts that a launcher needs after it has given its memory back.
#ifndef DAEMONIZER_LAUNCH_DETAIL_STRING_COPIES_HPP
#define DAEMONIZER_LAUNCH_DETAIL_STRING_COPIES_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>

#include <climits>
#include <cstddef>
#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] StringCopies;

/// Copies of the text that a launcher needs to its end: what they were copied from may be gone by
/// then, or another process's.
class StringCopies {
public:
    /// `text` becomes the copy, which lives as long as this does; one that is longer than a path
    /// can be stays where it is.
    void keep(const char*& text) {
        const std::size_t size = std::strlen(text) + 1;
        if (size > sizeof room_ - used_)
            return;
        text = static_cast<const char*>(std::memcpy(room_ + used_, text, size));
        used_ += size;
    }

private:
    std::size_t used_ = 0;
    char room_[PATH_MAX + NAME_MAX + 1]; // a path and the program's name
};

/// Binds what compilers call on their own, and the texts of errors, while the dynamic linker's
/// data is there and nobody else's. Inlined: it must bind for the object that the launcher's code
/// is in. Neither sizes nor objects are known to the compiler, which would call nothing, or a
/// checking variant (_FORTIFY_SOURCE).
[[gnu::always_inline]] inline void bind_symbols() {
    char room[2]{};
    char* from = room;
    char* to = room + 1;
    std::size_t size = 1;
    asm volatile("" : "+r"(from), "+r"(to), "+r"(size) : : "memory");
    std::memset(from, 0, size);
    std::memcpy(to, from, size);
    std::memmove(to, from, size);
    size = std::strlen(from);
    const char* const texts[] = {detail::error_text(0), detail::signal_text(0)};
    asm volatile("" : : "r"(to), "r"(size), "r"(texts) : "memory");
}

} // namespace daemonizer::detail

#endif
