// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_LINE_HPP
#define DAEMONIZER_DETAIL_LINE_HPP

#include <cstddef>

namespace daemonizer::detail {

[[gnu::visibility("hidden")]] constexpr auto printable(char c) -> char {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f ? '?' : c;
}

/// Of a text that came from elsewhere: terminated, and one line.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void
make_printable(char* text, std::size_t size) {
    text[size - 1] = '\0';
    for (; *text != '\0'; ++text)
        *text = printable(*text);
}

class [[gnu::visibility("hidden")]] LineWriter;

/// Writes text into a buffer that it does not own: always terminated, cut where it ends, and one
/// line, since a control character (of a path, an exception) becomes '?'. Async-signal-safe.
class LineWriter {
public:
    constexpr LineWriter(char* buffer, std::size_t size) : next_{buffer}, last_{buffer + size - 1} {
        *next_ = '\0';
    }

    /// Leaves room for at least `reserve` further characters, marking the cut with "...".
    constexpr auto text(const char* characters, std::size_t reserve = 0) -> LineWriter& {
        const auto room = static_cast<std::size_t>(last_ - next_);
        char* const limit = room > reserve ? last_ - reserve : next_;
        for (; *characters != '\0' && next_ != limit; ++characters)
            *next_++ = printable(*characters);
        if (*characters != '\0' && room > reserve + 3)
            limit[-1] = limit[-2] = limit[-3] = '.';
        *next_ = '\0';
        return *this;
    }

    constexpr auto number(long long value) -> LineWriter& {
        char digits[24]{};
        char* first = digits + sizeof digits - 1;
        auto rest = value < 0 ? 0ULL - static_cast<unsigned long long>(value)
                              : static_cast<unsigned long long>(value);
        do {
            *--first = static_cast<char>('0' + rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (value < 0)
            *--first = '-';
        return text(first);
    }

    constexpr auto end_of_line() -> LineWriter& {
        if (next_ == last_)
            --next_;
        *next_++ = '\n';
        *next_ = '\0';
        return *this;
    }

    constexpr auto end() const -> const char* { return next_; }

private:
    char* next_;
    char* last_; // the terminator's last possible place
};

} // namespace daemonizer::detail

#endif
