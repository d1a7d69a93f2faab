// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_OWN_TEXTS_HPP
#define DAEMONIZER_DETAIL_OWN_TEXTS_HPP

#include <daemonizer/detail/system_text.hpp>

#include <climits>
#include <cstddef>
#include <cstring>

namespace daemonizer::detail {

/// Copies of the text that a launcher needs to its end: what they were copied from may be gone by
/// then, or another process's.
class OwnTexts {
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
    char room_[PATH_MAX + NAME_MAX + 1]; // a path and the program's name
    std::size_t used_ = 0;
};

/// Has the dynamic linker find what compilers call on their own, and the texts of errors, as long
/// as its data is there and nobody else's.
inline void find_symbols() {
    char from[1], to[1];
    std::size_t size = sizeof from;
    asm volatile("" : "+r"(size)); // not known, or nothing would be called
    std::memset(from, 0, size);
    std::memcpy(to, from, size);
    const char* const texts[] = {error_text(0), signal_text(0)};
    asm volatile("" : : "r"(to), "r"(texts) : "memory");
}

} // namespace daemonizer::detail

#endif
