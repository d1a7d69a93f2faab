// SPDX-License-Identifier: BSL-1.0
// Writes the lines of a systemd unit, quoted as systemd reads them.
#ifndef DAEMONIZER_SERVICE_DETAIL_SYSTEMD_QUOTE_HPP
#define DAEMONIZER_SERVICE_DETAIL_SYSTEMD_QUOTE_HPP

#include <daemonizer/system/abi.hpp>

#include <cstdio>
#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The place of a word in a unit. It decides which characters are special in the word: `$` begins a
/// variable in an argument but not in the program's path, `:` ends the name of a directory.
enum class unit_word { program, argument, directory };

/// Returns the number of bytes of the character at `text`. Returns 0 for what a unit's file cannot
/// have as it is: a control character, and what is no UTF-8, since systemd ignores such a line.
inline auto unit_character(const char* text) -> int {
    const auto byte = [=](int i) { return static_cast<unsigned>(text[i]) & 0xffU; };
    const unsigned first = byte(0);
    if (first < 0x80)
        return first >= ' ' && first != 0x7f ? 1 : 0;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    const int length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    unsigned code = first & (0x7fU >> length);
    for (int i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (byte(i) & 0x3f);
    }
    static constexpr unsigned least[] = {0xa0, 0x800, 0x10000}; // below 0xa0 are control characters
    const bool is_none = (code & 0xfffff800) == 0xd800 || (code >= 0xfdd0 && code <= 0xfdef) ||
                         (code & 0xfffe) == 0xfffe || code > 0x10ffff;
    return code < least[length - 2] || is_none ? 0 : length;
}

/// Writes a unit to stdout, a setting at a time; or, if it does not print, only finds out whether a
/// unit can say all that. A unit is described twice, first without printing, so that no half of one
/// is printed.
class UnitWriter {
public:
    explicit UnitWriter(bool prints) : prints_{prints} {}

    /// Why a unit cannot say what was written, or null; and the setting that this is about.
    auto rejection() const -> const char* { return objection_; }
    auto subject() const -> const char* { return subject_; }

    /// Writes a section's title, with what stands before it.
    void title(const char* text) { put(text); }

    /// Writes a setting that takes the rest of its line as it is, but for specifiers.
    void line(const char* key, const char* text) {
        begin(key);
        const char* last = " ";
        for (const char* at = text; *at != '\0'; last = at, at += detail::unit_character(at)) {
            if (detail::unit_character(at) == 0)
                return object("has a control character or no UTF-8, which no unit can say");
            if (prints_)
                std::printf("%s%.*s", *at == '%' ? "%" : "", detail::unit_character(at), at);
        }
        if (*text != '\0' && (*text == ' ' || *last == ' '))
            return object("begins or ends with a space, which no unit can say");
        if (*last == '\\')
            return object("ends with a backslash, which no unit can say");
        put("\n");
    }

    void number(const char* key, long long value) {
        begin(key);
        if (prints_)
            std::printf("%lld\n", value);
    }

    /// Begins a setting of words: begin(), word() for each, end().
    void begin(const char* key) {
        if (objection_ == nullptr)
            subject_ = key;
        put(key);
        put("=");
        is_first_ = true;
    }
    void word(const char* text, unit_word at) {
        if (at != unit_word::argument)
            for (const char* c = text; *c != '\0'; c += detail::unit_character(c))
                if (detail::unit_character(c) == 0)
                    return object("has a control character or no UTF-8, which no unit can say");
        if (at == unit_word::program && std::strpbrk(text, "\"'\\") != nullptr)
            return object("a program cannot be named in a unit with such a path");
        put(is_first_ ? "" : " ");
        is_first_ = false;
        if (prints_)
            print_word(text, at);
    }
    void end() { put("\n"); }

private:
    void put(const char* text) const {
        if (prints_)
            std::fputs(text, stdout);
    }
    void object(const char* why) {
        if (objection_ == nullptr)
            objection_ = why;
    }

    static auto is_plain(char c) -> bool {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::strchr("/._-+=,@", c) != nullptr;
    }

    /// Writes a word, quoted only where something in it is special. Source: systemd.syntax(7),
    /// systemd.service(5), "Command lines", "Quoting", "Specifiers".
    static void print_word(const char* text, unit_word at) {
        const char* special = text;
        while (*special != '\0' && is_plain(*special))
            ++special;
        if (*special == '\0' && special != text) {
            std::fputs(text, stdout);
            return;
        }
        std::putchar('"');
        while (*text != '\0') {
            const int length = detail::unit_character(text);
            if (length == 0) {
                std::printf("\\x%02x", static_cast<unsigned>(*text++) & 0xffU);
                continue;
            }
            if (*text == '"' || *text == '\\' || (*text == ':' && at == unit_word::directory))
                std::putchar('\\');
            if (*text == '%' || (*text == '$' && at == unit_word::argument))
                std::putchar(*text);
            std::printf("%.*s", length, text);
            text += length;
        }
        std::putchar('"');
    }

    bool prints_, is_first_ = true;
    const char *objection_ = nullptr, *subject_ = "";
};

} // namespace daemonizer::detail

#endif
