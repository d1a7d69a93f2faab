// SPDX-License-Identifier: BSL-1.0
// Text for a terminal: one line, cut where it is too long, and without control characters.
#ifndef DAEMONIZER_SYSTEM_LINE_WRITER_HPP
#define DAEMONIZER_SYSTEM_LINE_WRITER_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Tells what the next `size` bytes of a text become: they stay as they are, or, where `shown` is
/// false, become one '?'.
struct Piece {
    unsigned char size;
    bool shown;
};

/// Control characters are not shown, those of C1 included: a terminal obeys them as a byte of
/// 0x80 to 0x9f or as UTF-8 (0xc2 and that byte). All other UTF-8 is shown whole. A byte above
/// 0x9f that is part of no UTF-8 is shown, too: it may be Latin-1.
[[gnu::visibility("hidden")]] constexpr auto next_piece(const char* text) -> Piece {
    const auto byte = [text](int i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80)
        return {1, first >= 0x20 && first != 0x7f};
    const int size = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1;
    for (int i = 1; i < size; ++i)
        if ((byte(i) & 0xc0U) != 0x80) // also the text's end
            return {1, true};
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xf0 && byte(1) < 0x90))
        return {1, true}; // longer than needed, which may hide a control character
    const bool is_c1 = size == 1 ? first < 0xa0 : first == 0xc2 && byte(1) < 0xa0;
    return {static_cast<unsigned char>(size), !is_c1};
}

/// Makes a text that came from elsewhere one terminated line, in its place.
[[gnu::cold, gnu::noinline, gnu::visibility("hidden")]] inline void
make_printable(char* text, std::size_t size) {
    text[size - 1] = '\0';
    char* to = text;
    while (*text != '\0') {
        const Piece piece = detail::next_piece(text);
        for (int i = 0; i != piece.size; ++i)
            *to++ = piece.shown ? text[i] : '?';
        if (!piece.shown)
            to -= piece.size - 1;
        text += piece.size;
    }
    *to = '\0';
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
        char* const dots = room > reserve + 3 ? limit - 3 : nullptr;
        char* cut = next_; // the end of the last whole character that leaves room for the dots
        while (*characters != '\0') {
            const Piece piece = detail::next_piece(characters);
            if (limit - next_ < (piece.shown ? piece.size : 1))
                break;
            if (!piece.shown)
                *next_++ = '?';
            for (int i = 0; piece.shown && i != piece.size; ++i)
                *next_++ = characters[i];
            characters += piece.size;
            if (dots != nullptr && next_ <= dots)
                cut = next_;
        }
        if (*characters != '\0' && dots != nullptr)
            for (next_ = cut; next_ != cut + 3; ++next_)
                *next_ = '.';
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

/// A printable copy of a text, for printf and its like. A path is no longer than 4 KiB.
template <std::size_t Size = 4160>
class PrintableText {
public:
    explicit PrintableText(const char* text) { LineWriter{text_, sizeof text_}.text(text); }
    auto text() const -> const char* { return text_; }

private:
    char text_[Size];
};

} // namespace daemonizer::detail

#endif
