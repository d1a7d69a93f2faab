// SPDX-License-Identifier: BSL-1.0
// wait() that pings a watchdog meanwhile.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_WATCHDOG_MEMBERS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_WATCHDOG_MEMBERS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/time_span.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Knows when the next ping is due, and holds the descriptors that wake a loop for it.
struct WatchdogState {
    long long half = 0; ///< ns between two pings; 0 where nobody watches
    long long due = 0;  ///< by the monotonic clock
    int timer = -1;
    int set = -1; ///< epoll: the timer and the collected signals

    void each_descriptor(auto keep) const {
        keep(timer);
        keep(set);
    }
    static void each_text(auto) {} ///< the undo reads none
    template <class Host>
    void close(const Host& host) {
        if (timer >= 0)
            host.close(timer);
        if (set >= 0)
            host.close(set);
        timer = set = -1;
    }
};

/// Hides the members of the signal policy and the notify policy, and calls them.
template <class Base>
struct watchdog_members : Base {
    using Base::Base;

    auto wait() -> int { return wait_and_ping(-1); }
    template <class Duration>
    auto wait_for(const Duration& time) -> int {
        return wait_and_ping(detail::nanoseconds(time));
    }

    /// Pings, and lets descriptor() sleep until the next ping is due.
    auto watchdog() -> bool {
        auto& state = this->template state_in<slots::watchdog>();
        state.due = this->host().now() + state.half;
        if (state.timer >= 0)
            this->host().set_timer(state.timer, state.half);
        return Base::watchdog();
    }

    /// Readable when a collected signal is pending or a ping is due. It stays the daemon's.
    auto descriptor() -> int {
        auto& state = this->template state_in<slots::watchdog>();
        if (state.half != 0 && state.set < 0)
            open_set(state);
        return state.half != 0 && state.set >= 0 ? state.set : signals();
    }

private:
    /// The signal policy's descriptor, or -1 where it has none.
    auto signals() -> int {
        if constexpr (Base::has_signal_descriptor)
            return Base::descriptor();
        else
            return -1;
    }

    auto wait_and_ping(long long limit) -> int {
        auto& state = this->template state_in<slots::watchdog>();
        if (state.half == 0)
            return this->wait_nanoseconds(limit);
        const long long end = limit < 0 ? -1 : this->host().now() + limit;
        for (;;) {
            const long long now = this->host().now();
            if (state.due <= now)
                watchdog();
            const long long next = state.due - now > 0 ? state.due - now : state.half;
            const long long left = end < 0 ? next : end - now;
            const int signal = this->wait_nanoseconds(left < 0 ? 0 : left < next ? left : next);
            if (signal != 0 || (end >= 0 && left <= next))
                return signal;
        }
    }

    void open_set(WatchdogState& state) {
        const auto& host = this->host();
        state.timer = host.open_timer();
        state.set = host.open_poll_set();
        if (state.timer < 0 || state.set < 0 || host.add_to_poll_set(state.set, state.timer) < 0 ||
            (signals() >= 0 && host.add_to_poll_set(state.set, signals()) < 0)) {
            state.close(host);
            return;
        }
        const long long left = state.due - host.now();
        host.set_timer(state.timer, left > 0 ? left : 1);
    }
};

} // namespace daemonizer::detail

#endif
