// SPDX-License-Identifier: BSL-1.0
// What run() takes as a body, and why it refuses another.
#ifndef DAEMONIZER_COMPOSE_DETAIL_BODY_HPP
#define DAEMONIZER_COMPOSE_DETAIL_BODY_HPP

#include <daemonizer/system/abi.hpp>

#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Result>
inline constexpr bool is_status = std::is_void_v<Result> || std::is_convertible_v<Result, int>;

template <class Body>
concept takes_nothing = requires(Body& body) {
    body();
};
template <class Body, class Daemon>
concept takes_daemon = requires(Body& body, Daemon& daemon) {
    body(daemon);
};

/// Refuses, in one sentence, what cannot be called and what does not return a status. Returns
/// whether `Body` is called at all.
template <class Body, class Daemon>
constexpr auto check_body() -> bool {
    constexpr bool is_taken = takes_nothing<Body> || takes_daemon<Body, Daemon>;
    constexpr bool is_member = std::is_member_pointer_v<std::remove_cvref_t<Body>>;
    using changing = std::remove_cvref_t<Body>;
    constexpr bool is_const = takes_nothing<changing> || takes_daemon<changing, Daemon>;
    static_assert(is_taken || !is_member,
                  "daemonizer: a member function is no body, since it has no object; write "
                  "run([&](auto& daemon) { return object.serve(daemon); })");
    static_assert(is_taken || is_member || !is_const,
                  "daemonizer: the body is const and its operator() is not; drop the const");
    static_assert(is_taken || is_member || is_const,
                  "daemonizer: the body takes nothing, or the daemon by reference");
    constexpr auto returns_status = [] {
        if constexpr (takes_nothing<Body>)
            return is_status<decltype(std::declval<Body&>()())>;
        else if constexpr (takes_daemon<Body, Daemon>)
            return is_status<decltype(std::declval<Body&>()(std::declval<Daemon&>()))>;
        else
            return true;
    };
    static_assert(returns_status(), "daemonizer: the body returns nothing, or its exit status");
    return is_taken && returns_status();
}

/// Calls it: the status, 0 where it returns nothing.
template <class Call>
auto status_of(Call call) -> int {
    if constexpr (std::is_void_v<decltype(call())>) {
        call();
        return 0;
    } else if constexpr (is_status<decltype(call())>) {
        return call();
    } else {
        return 1;
    }
}

} // namespace daemonizer::detail

#endif
