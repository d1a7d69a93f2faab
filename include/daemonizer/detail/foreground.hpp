// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_FOREGROUND_HPP
#define DAEMONIZER_DETAIL_FOREGROUND_HPP

#include <daemonizer/composition.hpp>
#include <daemonizer/signal_fd.hpp>
#include <daemonizer/signal_flag.hpp>
#include <daemonizer/stdio.hpp>

namespace daemonizer::detail {

/// 0-2 as the terminal or supervisor gave them; there is no log of ours to reopen.
struct ForegroundStdio : KeepStdio {
    struct state {
        static auto reopen(const auto&, const ForegroundStdio&) -> const char* { return nullptr; }
    };
};

/// Ctrl-C ends what is in the foreground as SIGTERM ends a daemon.
template <class Signals>
struct InterruptAsTerm : Signals {
    template <class Host>
    static auto wait(Host host, auto& state, long long limit) -> int {
        const int signal = Signals::wait(host, state, limit);
        return signal == SIGINT ? SIGTERM : signal;
    }
};

template <class Policy>
struct in_foreground {
    using type = Policy;
};
template <ForkPolicy Fork>
struct in_foreground<Fork> {
    using type = NoFork;
};
template <StdioPolicy Stdio>
struct in_foreground<Stdio> {
    using type = ForegroundStdio;
};
template <int... Signals>
    requires(((Signals == SIGTERM) || ...) && ((Signals != SIGINT) && ...))
struct in_foreground<SignalFd<Signals...>> {
    using type = InterruptAsTerm<SignalFd<Signals..., SIGINT>>;
};
template <int... Signals>
    requires(((Signals == SIGTERM) || ...) && ((Signals != SIGINT) && ...))
struct in_foreground<SignalFlag<Signals...>> {
    using type = InterruptAsTerm<SignalFlag<Signals..., SIGINT>>;
};

template <class Policy, class... Policies>
constexpr auto foreground_option(const Composition<Policies...>& service) {
    using Foreground = typename in_foreground<Policy>::type;
    if constexpr (std::same_as<Foreground, Policy>)
        return Option<Policy>{service.template option<typename Policy::slot>()};
    else
        return Option<Foreground>{};
}

/// The same composition for the foreground: fork and stdio left out.
template <class... Policies>
constexpr auto foreground(const Composition<Policies...>& service) {
    return Composition<typename in_foreground<Policies>::type...>{
        Options<typename in_foreground<Policies>::type...>{
            foreground_option<Policies>(service)...}};
}

} // namespace daemonizer::detail

#endif
