// SPDX-License-Identifier: BSL-1.0
// KeepStdio and NullStdio.
#ifndef DAEMONIZER_STDIO_STDIO_HPP
#define DAEMONIZER_STDIO_STDIO_HPP

#include <daemonizer/stdio/detail/stdio_members.hpp>
#include <daemonizer/stdio/detail/targets.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Leaves descriptors 0-2 what the starter gave.
struct KeepStdio {
    using slot = slots::stdio;
    using steps = step_list<>;
    static constexpr bool replaces = false;
    template <class Base>
    using members = detail::refusing_to_reopen<Base>;
};
static_assert(StdioPolicy<KeepStdio>);

namespace detail {

/// Leaves 0-2 alone in the foreground, for a composition that may have a log: reopen() does
/// nothing.
struct ForegroundStdio : KeepStdio {
    struct state {
        static auto reopen(const auto&, const ForegroundStdio&) -> const char* { return nullptr; }
    };
    template <class Base>
    using members = reopening_members<Base>;
};

} // namespace detail

/// Puts all three on /dev/null (APUE 13.3 rule 6; daemon(7) step 9): never merely closed, or the
/// next file that is opened becomes stdout. The default. Fails as step "stdio" with the errno of
/// open(2).
struct NullStdio {
    using slot = slots::stdio;
    using steps = step_list<detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true;
    template <class Base>
    using members = detail::refusing_to_reopen<Base>;

    struct state : detail::OneTarget {
        template <class Start>
        auto open(const Start& start, const NullStdio&) -> bool {
            return (this->fd = detail::open_null(start, O_RDWR)) >= 0;
        }
    };
};
static_assert(StdioPolicy<NullStdio>);

} // namespace daemonizer

#endif
