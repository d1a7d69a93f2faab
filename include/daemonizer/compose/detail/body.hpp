// SPDX-License-Identifier: BSL-1.0
// What run() takes as a body, and why it refuses another.
#ifndef DAEMONIZER_COMPOSE_DETAIL_BODY_HPP
#define DAEMONIZER_COMPOSE_DETAIL_BODY_HPP

#include <daemonizer/system/abi.hpp>

#include <concepts>
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

struct call_operator {
    void operator()();
};
template <class Body>
struct beside_call_operator : Body, call_operator {};
/// Whether the body has one operator() that is a template, or several: a generic lambda has.
template <class Body>
inline constexpr bool is_generic = [] {
    if constexpr (!std::is_class_v<Body> || std::is_final_v<Body>)
        return false;
    else if constexpr (requires { &Body::operator(); })
        return false;
    else // of two bases that have the name the lookup finds none
        return !requires { &beside_call_operator<Body>::operator(); };
}();

struct other_body {};
struct takes_anything {
    template <class T>
    auto operator()(T&&) const -> other_body;
};
struct takes_const {
    template <class T>
    auto operator()(const T&) const -> other_body;
};
template <class Body, class Other>
struct body_beside : Body, Other {
    using Body::operator();
    using Other::operator();
};
template <class Body, class Other, class Daemon>
constexpr bool prefers_other = requires(const body_beside<Body, Other>& both, Daemon& daemon) {
    { both(daemon) } -> std::same_as<other_body>;
};
/// Whether a generic body takes the daemon by `const auto&`. Such a body cannot say ready, and each
/// line of it would be an error. So it is not compiled to find out: beside a function that takes
/// anything the compiler prefers that, and beside its equal it prefers none.
template <class Body, class Daemon>
constexpr auto takes_const_daemon() -> bool {
    if constexpr (!is_generic<Body>)
        return false;
    else if constexpr (prefers_other<Body, takes_anything, Daemon>)
        return !prefers_other<Body, takes_const, Daemon>;
    else
        return false;
}

/// Refuses, in one sentence, what cannot be called and what does not return a status.
template <class Body, class Daemon>
constexpr auto check_call() -> bool {
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

/// Refuses, in one sentence, what is no body. Returns whether `Body` is called at all.
template <class Body, class Daemon>
constexpr auto check_body() -> bool {
    if constexpr (takes_nothing<Body>) {
        return detail::check_call<Body, Daemon>();
    } else {
        constexpr bool is_const = detail::takes_const_daemon<std::remove_const_t<Body>, Daemon>();
        static_assert(!is_const,
                      "daemonizer: a const daemon cannot become ready; the body takes it "
                      "by reference: auto& daemon");
        if constexpr (is_const)
            return false;
        else
            return detail::check_call<Body, Daemon>();
    }
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
