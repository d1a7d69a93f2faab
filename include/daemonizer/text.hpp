// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_TEXT_HPP
#define DAEMONIZER_TEXT_HPP

#include <cstddef>

namespace daemonizer {

/// A string literal as a template argument: `PidFile<"/run/x.pid">`.
template <std::size_t Size>
struct fixed_string {
    char characters[Size]{};

    consteval fixed_string(const char (&literal)[Size]) {
        for (std::size_t i = 0; i != Size; ++i)
            characters[i] = literal[i];
    }
};

/// The text of a policy in its two forms. `Text<"x">` is an empty type; `Text<"">` holds a pointer
/// given at run time, whose characters the caller owns for as long as the policy lives.
template <fixed_string Literal>
struct Text {
    static constexpr bool at_run_time = false;
    static constexpr bool is_absolute = Literal.characters[0] == '/';

    static constexpr auto characters() -> const char* { return Literal.characters; }
};

template <fixed_string Literal>
    requires(sizeof(Literal.characters) == 1)
struct Text<Literal> {
    static constexpr bool at_run_time = true;
    static constexpr bool is_absolute = false;

    const char* pointer;

    constexpr explicit Text(const char* characters) : pointer{characters} {}
    constexpr auto characters() const -> const char* { return pointer; }
};

} // namespace daemonizer

#endif
