// SPDX-License-Identifier: BSL-1.0
// Text that policies take: as a template argument, or at run time.
#ifndef DAEMONIZER_COMPOSE_TEXT_HPP
#define DAEMONIZER_COMPOSE_TEXT_HPP

#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <cstddef>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// A class whose objects are text: it has `c_str()`, as std::string and std::filesystem::path have,
/// or converts to `const char*`.
template <class T>
concept TextClass = std::is_class_v<T> &&(requires(const T& text) {
    { text.c_str() } -> std::convertible_to<const char*>;
} || std::convertible_to<const T&, const char*>);

namespace detail {

/// What is text: a TextClass, a pointer to characters, an array of them, nullptr.
template <class T>
concept AnyText = TextClass<T> || std::convertible_to<const T&, const char*>;

template <class...>
inline constexpr bool is_accepted = false;
/// Refuses what is no text.
template <class T>
constexpr auto refuse_text() -> const char* {
    static_assert(is_accepted<T>, "daemonizer: a text is a const char*, or an object with c_str(), "
                                  "such as a std::string");
    return nullptr;
}

/// The characters of a text that is used at once: it may be a temporary.
template <class T>
constexpr auto characters_of(const T& text) -> const char* {
    if constexpr (requires { text.c_str(); })
        return text.c_str();
    else if constexpr (AnyText<T>)
        return text;
    else
        return detail::refuse_text<T>();
}

} // namespace detail

/// Text that a policy is given at run time: a pointer, or a named object of a TextClass. The caller
/// owns the characters for as long as the policy, or what is made of it, lives. A temporary object
/// is refused at compile time; a pointer into one, `(a + b).c_str()`, cannot be told from another.
/// The step that reads the text refuses a null pointer.
class TextArgument {
public:
    constexpr TextArgument(const char* characters) : pointer_{characters} {}
    template <TextClass T>
    constexpr TextArgument(const T& text) : pointer_{detail::characters_of(text)} {}
    template <TextClass T>
    constexpr TextArgument(const T&&) : pointer_{nullptr} {
        static_assert(detail::is_accepted<T>,
                      "daemonizer: a policy keeps a pointer to its text; give it a "
                      "string that has a name and lives on, not a temporary");
    }
    template <class T>
        requires(!detail::AnyText<T> || std::same_as<T, std::nullptr_t>)
    constexpr TextArgument(const T&) : pointer_{detail::refuse_text<T>()} {}

    /// The characters, which are the caller's; null where it has given a null pointer.
    constexpr auto characters() const -> const char* { return pointer_; }

private:
    const char* pointer_;
};

/// A string literal as a template argument: `PidFile<"/run/x.pid">`.
template <std::size_t Size>
struct fixed_string {
    char characters[Size]{}; ///< the literal, with the null byte that ends it

    consteval fixed_string(const char (&literal)[Size]) {
        for (std::size_t i = 0; i != Size; ++i)
            characters[i] = literal[i];
    }
    /// Refuses what is no literal.
    template <class T>
    consteval fixed_string(T) : characters{'/'} {
        static_assert(detail::is_accepted<T>,
                      "daemonizer: text in angle brackets is a literal, PidFile<\"/run/x.pid\">; "
                      "text of a variable goes into braces, PidFile{path}");
    }
    /// Whether the only null byte is the last.
    constexpr auto ends_once() const -> bool {
        for (std::size_t i = 0; i != Size; ++i)
            if ((characters[i] == '\0') != (i + 1 == Size))
                return false;
        return true;
    }
};
template <std::size_t Size>
fixed_string(const char (&)[Size]) -> fixed_string<Size>;
template <class T>
fixed_string(T) -> fixed_string<2>;

/// The text of a policy in its two forms. `Text<"x">` is an empty type; `Text<"">` holds a pointer
/// given at run time, whose characters the caller owns for as long as the policy lives.
template <fixed_string Literal>
struct Text {
    static constexpr bool at_run_time = false; ///< whether the text is no part of the type
    /// Whether it is known to be an absolute path.
    static constexpr bool is_absolute = Literal.characters[0] == '/';
    static constexpr bool text_is_whole = Literal.ends_once(); ///< validate.hpp asks for it

    /// The text; its characters are static here, and the caller's in the form for run time.
    static constexpr auto characters() -> const char* { return Literal.characters; }
};

/// The form for run time.
template <fixed_string Literal>
    requires(sizeof(Literal.characters) == 1)
struct Text<Literal> {
    static constexpr bool at_run_time = true;
    static constexpr bool is_absolute = false;

    const char* pointer; ///< the caller's

    constexpr explicit Text(TextArgument text) : pointer{text.characters()} {}
    constexpr auto characters() const -> const char* { return pointer; } ///< the text
};

} // namespace daemonizer

#endif
