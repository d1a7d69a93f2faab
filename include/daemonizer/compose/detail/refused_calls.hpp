// SPDX-License-Identifier: BSL-1.0
// Refuses calls of the daemon's members with wrong arguments, each in one sentence.
#ifndef DAEMONIZER_COMPOSE_DETAIL_REFUSED_CALLS_HPP
#define DAEMONIZER_COMPOSE_DETAIL_REFUSED_CALLS_HPP

#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Has the members of every daemon once more, for arguments that these do not take.
struct RefusedCalls {
    template <class... Wrong>
        requires(sizeof...(Wrong) > 1)
    void ready(const Wrong&...) {
        static_assert(is_accepted<Wrong...>,
                      "daemonizer: ready() takes nothing, or one text: ready(\"serving\")");
    }

    template <class... Wrong>
        requires(sizeof...(Wrong) != 1)
    void status(const Wrong&...) {
        static_assert(is_accepted<Wrong...>,
                      "daemonizer: status() takes one text: status(\"loading\")");
    }

    template <class... Wrong>
        requires(sizeof...(Wrong) != 2)
    auto fail(const Wrong&...) -> int {
        static_assert(is_accepted<Wrong...>,
                      "daemonizer: fail() takes the status and then the reason: fail(3, \"why\")");
        return 1;
    }
    /// The reason first.
    template <AnyText T>
        requires(!std::is_arithmetic_v<T>)
    auto fail(const T&, int) -> int { return fail(); }

    template <class... Wrong>
        requires(sizeof...(Wrong) != 2)
    void log(const Wrong&...) {
        static_assert(
            is_accepted<Wrong...>,
            "daemonizer: log() takes the priority and then one text: log(LOG_INFO, \"text\")");
    }
    /// The text first.
    template <AnyText T, class Other>
        requires(!std::is_arithmetic_v<T>)
    void log(const T&, const Other&) { log(); }
};

} // namespace daemonizer::detail

#endif
