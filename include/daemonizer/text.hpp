// SPDX-License-Identifier: BSL-1.0
// Text that policies take: as a template argument, or at run time.
#ifndef DAEMONIZER_TEXT_HPP
#define DAEMONIZER_TEXT_HPP

#include <concepts>
#include <cstddef>

namespace daemonizer {

/// What std::string and std::filesystem::path have in common.
template <class T>
concept HasCharacters = requires(const T& text) {
    { text.c_str() } -> std::convertible_to<const char*>;
};

/// Text that a policy is given at run time: a pointer, or a named object with `c_str()`. The
/// caller owns the characters for as long as the policy, or what is made of it, lives. A temporary
/// string is refused at compile time. A null pointer is refused by the step that reads it.
class TextArgument {
public:
    constexpr TextArgument(const char* characters) : pointer_{characters} {}
    constexpr TextArgument(const HasCharacters auto& text) : pointer_{text.c_str()} {}
    template <HasCharacters T>
    constexpr TextArgument(const T&&) : pointer_{nullptr} {
        static_assert(lasts<T>, "daemonizer: a policy keeps a pointer to its text; give it a "
                                "string that has a name and lives on, not a temporary");
    }

    constexpr auto characters() const -> const char* { return pointer_; }

private:
    template <class>
    static constexpr bool lasts = false;

    const char* pointer_;
};

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

    constexpr explicit Text(TextArgument text) : pointer{text.characters()} {}
    constexpr auto characters() const -> const char* { return pointer; }
};

} // namespace daemonizer

#endif
