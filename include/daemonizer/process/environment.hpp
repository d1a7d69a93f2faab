// SPDX-License-Identifier: BSL-1.0
// Takes the starter's environment away from the daemon.
#ifndef DAEMONIZER_PROCESS_ENVIRONMENT_HPP
#define DAEMONIZER_PROCESS_ENVIRONMENT_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/abi.hpp>

#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// Returns the entry "NAME=VALUE" of that name, the first where there are several, or null.
inline auto find_variable(char** environment, const char* name) -> char* {
    for (; environment != nullptr && *environment != nullptr; ++environment) {
        const char* left = *environment;
        const char* wanted = name;
        for (; *wanted != '\0' && *left == *wanted; ++left)
            ++wanted;
        if (*wanted == '\0' && *left == '=')
            return *environment;
    }
    return nullptr;
}

template <fixed_string Name>
constexpr bool is_variable_name = [] {
    for (const char c : Name.characters)
        if (c == '=')
            return false;
    return sizeof(Name.characters) > 1;
}();

constexpr auto is_same_text(const char* a, const char* b) -> bool {
    for (; *a != '\0' && *a == *b; ++a, ++b) {
    }
    return *a == *b;
}

} // namespace detail

/// Leaves the daemon the named variables, with their values, and PATH with the system's own
/// directories unless it is named: a starter's LD_PRELOAD, TMPDIR or locale reaches neither it nor
/// what it execs. Policies that read variables do so before, in the launcher.
///
/// The program's `environ` becomes an array of this library's, so nothing is allocated or
/// overwritten, and text that getenv(3) has returned stays valid. The kernel goes on showing the
/// starter's in /proc/PID/environ. Cannot fail. Not for a program with other threads that call
/// getenv(3) meanwhile.
template <fixed_string... Keep>
struct CleanEnvironment {
    constexpr CleanEnvironment() = default;
    constexpr explicit CleanEnvironment(const char*, auto...) {
        static_assert(given_as_value<CleanEnvironment>,
                      "daemonizer: CleanEnvironment takes its names as template arguments: "
                      "CleanEnvironment<\"LANG\">");
    }

    static constexpr bool text_is_whole = (Keep.ends_once() && ...);
    template <class>
    static constexpr void check() {
        static_assert((detail::is_variable_name<Keep> && ...),
                      "daemonizer: CleanEnvironment takes names of variables, without '='");
    }
    static constexpr auto keeps([[maybe_unused]] const char* name) -> bool {
        return (detail::is_same_text(Keep.characters, name) || ...);
    }

    /// Runs in the daemon: the launcher of start() goes on with the environment that it has.
    struct Clean : step<phase::session> {
        static constexpr const char* name = "environment";
        static auto run(const auto&, const auto&) -> bool {
            static char* kept[sizeof...(Keep) + 2];
            static char path[] =
                "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
            // All are looked up before the first is kept: a second start finds `kept` itself.
            char* const found[]{detail::find_variable(environ, Keep.characters)..., nullptr};
            char** next = kept;
            for (char* const variable : found)
                if (variable != nullptr)
                    *next++ = variable;
            if constexpr (!keeps("PATH"))
                *next++ = path;
            *next = nullptr;
            environ = kept;
            return true;
        }
    };
    using slot = slots::environment;
    using steps = step_list<Clean>;

    void unit_lines(auto& unit) const { (unit.line("PassEnvironment", Keep.characters), ...); }
};
template <class... Rest>
CleanEnvironment(const char*, Rest...) -> CleanEnvironment<>;
static_assert(Policy<CleanEnvironment<"TZ">>);

} // namespace daemonizer

#endif
