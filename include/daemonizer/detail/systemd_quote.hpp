// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_SYSTEMD_QUOTE_HPP
#define DAEMONIZER_DETAIL_SYSTEMD_QUOTE_HPP

#include <cstdio>
#include <cstring>

namespace daemonizer::detail {

/// Where a word of a unit stands, which decides what else is special in it: `$` begins a variable
/// in an argument but not in the program's path, `:` ends the name of a directory.
enum class unit_word { program, argument, directory };

inline auto is_plain_in_unit(char c) -> bool {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::strchr("/._-+=,@", c) != nullptr;
}

/// As systemd.syntax(7) and systemd.service(5) want it: bare where nothing in it is special, else
/// quoted. Source: "Command lines", "Quoting", "Specifiers".
inline void print_unit_word(const char* text, unit_word at) {
    const char* special = text;
    while (*special != '\0' && is_plain_in_unit(*special))
        ++special;
    if (*special == '\0' && special != text) {
        std::fputs(text, stdout);
        return;
    }
    std::putchar('"');
    for (; *text != '\0'; ++text) {
        if (const auto byte = static_cast<unsigned char>(*text); byte < ' ' || byte == 0x7f) {
            std::printf("\\x%02x", byte);
            continue;
        }
        if (*text == '"' || *text == '\\' || (*text == ':' && at == unit_word::directory))
            std::putchar('\\');
        if (*text == '%' || (*text == '$' && at == unit_word::argument))
            std::putchar(*text);
        std::putchar(*text);
    }
    std::putchar('"');
}

/// A setting that takes the rest of its line as it is, but for specifiers.
inline void print_unit_line(const char* key, const char* text) {
    std::printf("%s=", key);
    for (; *text != '\0'; ++text) {
        if (*text == '%')
            std::putchar('%');
        std::putchar(*text == '\n' ? ' ' : *text);
    }
    std::putchar('\n');
}

} // namespace daemonizer::detail

#endif
