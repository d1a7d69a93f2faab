// SPDX-License-Identifier: BSL-1.0
// The words of a Landlock policy: what stays allowed, and how strict it is.
#ifndef DAEMONIZER_CONFINEMENT_LANDLOCK_WORDS_HPP
#define DAEMONIZER_CONFINEMENT_LANDLOCK_WORDS_HPP

#include <daemonizer/confinement/detail/landlock_words.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Files below these paths can be read, and directories listed. To execute them needs Execute.
template <fixed_string... Paths>
struct ReadOnly : detail::landlock::PathRules<detail::landlock::reading, Paths...> {};

/// Files below these paths can be read, written, truncated, made, renamed and removed. They cannot
/// be executed, and no device nodes can be made.
template <fixed_string... Paths>
struct ReadWrite : detail::landlock::PathRules<detail::landlock::writing, Paths...> {};

/// Programs below these paths can be executed and read. A dynamic program needs its loader and its
/// libraries too: `Execute<"/usr">`.
template <fixed_string... Paths>
struct Execute
    : detail::landlock::PathRules<detail::landlock::reading | detail::landlock::execute, Paths...> {
};

/// Passes over a path that does not exist: `IfExists<ReadOnly<"/etc/ssl">>`. Without it the start
/// fails there with ENOENT.
template <detail::landlock::PathWord Paths>
struct IfExists : Paths {
    /// Hands each path to `add(path, may_be_missing)`.
    template <class Add>
    static constexpr void each_path(Add add) {
        Paths::each_path(add, true);
    }
};

/// TCP sockets can be bound to these ports. A port below 1024 needs CAP_NET_BIND_SERVICE as well.
template <int... Ports>
struct BindTcp : detail::landlock::PortRules<detail::landlock::bind_tcp, Ports...> {};

/// TCP sockets can connect to these ports, of any host.
template <int... Ports>
struct ConnectTcp : detail::landlock::PortRules<detail::landlock::connect_tcp, Ports...> {};

/// TCP is not restricted.
struct AnyTcp : detail::landlock::word {
    static constexpr unsigned leaves = Confinement::tcp; ///< what is not restricted
};
/// Any process can be signalled that kill(2) lets this one signal.
struct AnySignal : detail::landlock::word {
    static constexpr unsigned leaves = Confinement::signals; ///< what is not restricted
};
/// Abstract Unix sockets of any process can be connected to.
struct AnyAbstractSocket : detail::landlock::word {
    static constexpr unsigned leaves = Confinement::abstract_sockets; ///< what is not restricted
};

/// The start fails on a kernel that cannot enforce the whole policy.
struct Required : detail::landlock::word {
    static constexpr bool requires_all = true; ///< read by Landlock
};

/// The start fails on a kernel with an older Landlock ABI than this: 1 is Linux 5.13, 2 is 5.19, 3
/// is 6.2, 4 is 6.7, 5 is 6.10, 6 is 6.12, 7 is 6.15.
template <int Abi>
struct RequiredAbi : detail::landlock::word {
    static constexpr int least_abi = Abi; ///< the Landlock ABI
};

} // namespace daemonizer

#endif
