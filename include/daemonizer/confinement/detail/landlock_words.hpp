// SPDX-License-Identifier: BSL-1.0
// Reads the words of a Landlock policy, and makes the table of its rules.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_LANDLOCK_WORDS_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_LANDLOCK_WORDS_HPP

#include <daemonizer/compose/text.hpp>
#include <daemonizer/confinement/detail/landlock_rights.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail::landlock {

struct word {}; ///< the base of every word that Landlock takes

// This is no concept: compilers add six lines to the one that a user reads where a concept is not
// met.
template <class T>
inline constexpr bool is_word = std::is_base_of_v<word, T>;
template <class T>
concept PathWord = is_word<T> && requires {
    { T::is_absolute } -> std::convertible_to<bool>;
};
template <class T>
concept PortWord = is_word<T> && requires {
    { T::are_ports } -> std::convertible_to<bool>;
};

/// A word that allows `Rights` on each path. Symbolic links in it are followed when the start runs.
template <std::uint32_t Rights, fixed_string... Paths>
struct PathRules : word {
    static constexpr std::size_t count = sizeof...(Paths);
    static constexpr bool is_absolute = (Text<Paths>::is_absolute && ...);
    static constexpr bool text_is_whole = (Paths.ends_once() && ...);

    template <class Add>
    static constexpr void each_path(Add add, bool may_be_missing = false) {
        (add(PathRule{Paths.characters, Rights, may_be_missing}), ...);
    }
};

template <std::uint8_t Right, int... Ports>
struct PortRules : word {
    static constexpr std::size_t count = sizeof...(Ports);
    static constexpr bool are_ports = ((Ports > 0 && Ports < 65536) && ...);

    template <class Add>
    static constexpr void each_port(Add add) {
        (add(PortRule{static_cast<std::uint16_t>(Ports), Right}), ...);
    }
};

// The answers of a word to each question of a policy. A type that is no word answers nothing.

template <class T>
inline constexpr bool is_absolute = true;
template <PathWord T>
inline constexpr bool is_absolute<T> = T::is_absolute;

template <class T>
inline constexpr bool text_is_whole = true;
template <PathWord T>
inline constexpr bool text_is_whole<T> = T::text_is_whole;

template <class T>
inline constexpr bool are_ports = true;
template <PortWord T>
inline constexpr bool are_ports<T> = T::are_ports;

template <class T>
inline constexpr std::size_t paths_in = 0;
template <PathWord T>
inline constexpr std::size_t paths_in<T> = T::count;

template <class T>
inline constexpr std::size_t ports_in = 0;
template <PortWord T>
inline constexpr std::size_t ports_in<T> = T::count;

template <class T>
inline constexpr bool names_something =
    !(PathWord<T> || PortWord<T>) || paths_in<T> + ports_in<T> != 0;

template <class T>
inline constexpr unsigned leaves = 0;
template <class T>
    requires requires { T::leaves; }
inline constexpr unsigned leaves<T> = T::leaves;

/// The ABI that a word requires, or 0.
template <class T>
inline constexpr int least_abi = 0;
template <class T>
    requires requires { T::least_abi; }
inline constexpr int least_abi<T> = T::least_abi;

template <class T>
inline constexpr bool requires_all = requires {
    T::requires_all;
};

/// Whether a word says how strict the policy is, and allows nothing.
template <class T>
inline constexpr bool is_strictness = requires_all<T> || requires {
    T::least_abi;
};

template <class T>
inline constexpr bool is_known_abi = true;
template <class T>
    requires requires { T::least_abi; }
inline constexpr bool is_known_abi<T> = T::least_abi >= 1 && T::least_abi <= newest_abi;

/// The ABI that a policy requires; Required asks for the ABI that has all of its parts.
template <class... Words>
constexpr auto least_abi_of(unsigned parts) -> int {
    int least = 0;
    if ((requires_all<Words> || ...))
        while ((Confinement::parts_of(least) & parts) != parts)
            ++least;
    const int abis[] = {0, least_abi<Words>...};
    for (const int abi : abis)
        if (abi > least)
            least = abi;
    return least;
}

/// All rules of a policy, in the order of its words.
template <class... Words>
struct Rules {
    static constexpr std::size_t path_count = (0 + ... + paths_in<Words>);
    static constexpr std::size_t port_count = (0 + ... + ports_in<Words>);
    PathRule paths[path_count + 1]{}; // never empty
    PortRule ports[port_count + 1]{};

    constexpr Rules() {
        PathRule* path = paths;
        PortRule* port = ports;
        (add<Words>(path, port), ...);
    }

private:
    template <class T>
    static constexpr void add(PathRule*& path, PortRule*& port) {
        if constexpr (PathWord<T>)
            T::each_path([&](const PathRule& rule) { *path++ = rule; });
        if constexpr (PortWord<T>)
            T::each_port([&](const PortRule& rule) { *port++ = rule; });
    }
};

} // namespace daemonizer::detail::landlock

#endif
