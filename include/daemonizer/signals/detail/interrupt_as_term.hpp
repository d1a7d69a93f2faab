// SPDX-License-Identifier: BSL-1.0
// What Ctrl-C means to a daemon in the foreground.
#ifndef DAEMONIZER_SIGNALS_DETAIL_INTERRUPT_AS_TERM_HPP
#define DAEMONIZER_SIGNALS_DETAIL_INTERRUPT_AS_TERM_HPP

#include <daemonizer/system/abi.hpp>

#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A signal policy that collects SIGINT and reports it as SIGTERM: Ctrl-C ends a service in the
/// foreground as SIGTERM ends a daemon.
template <class Signals>
struct InterruptAsTerm : Signals {
    template <class Host>
    static auto wait(Host host, auto& state, long long limit) -> int {
        const int signal = Signals::wait(host, state, limit);
        return signal == SIGINT ? SIGTERM : signal;
    }
};

/// The form in the foreground of a policy that collects `Signals`.
template <template <int...> class Collecting, int... Signals>
constexpr auto collecting_in_foreground() {
    if constexpr (((Signals == SIGTERM) || ...) && ((Signals != SIGINT) && ...))
        return InterruptAsTerm<Collecting<Signals..., SIGINT>>{};
    else
        return Collecting<Signals...>{};
}

} // namespace daemonizer::detail

#endif
