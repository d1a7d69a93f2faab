// SPDX-License-Identifier: BSL-1.0
// wait() and its like: the members that signal policies bring to a daemon.
#ifndef DAEMONIZER_SIGNALS_DETAIL_SIGNAL_MEMBERS_HPP
#define DAEMONIZER_SIGNALS_DETAIL_SIGNAL_MEMBERS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/time_span.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The members that a collecting policy brings. They wait by `Policy::wait(host, state, ns)`.
template <class Base>
struct collecting_members : Base {
    using Base::Base;

    /// Waits for a signal that the composition collects, and returns its number. It cannot fail.
    /// May be called in any thread. Not async-signal-safe.
    auto wait() -> int { return wait_nanoseconds(-1); }

    /// Waits as wait() does, at most for `time`, and returns 0 at its end. `time` is a
    /// std::chrono::duration or has the members of one.
    template <class Duration>
    auto wait_for(const Duration& time) -> int {
        return wait_nanoseconds(detail::nanoseconds(time));
    }

protected:
    /// A negative `limit` is none.
    auto wait_nanoseconds(long long limit) -> int {
        return Base::template in<slots::signals>::wait(
            this->host(), this->template state_in<slots::signals>(), limit);
    }
};

/// The members of a policy that collects into a descriptor.
template <class Base>
struct descriptor_members : collecting_members<Base> {
    using collecting_members<Base>::collecting_members;

    /// Readable when a collected signal is pending, for poll, epoll and their like. It stays the
    /// daemon's: the caller neither closes nor reads it.
    auto descriptor() -> int { return this->template state_in<slots::signals>().fd; }

protected:
    static constexpr bool has_signal_descriptor = true;
};

/// Refuses descriptor(), in words.
template <class Base>
struct without_descriptor : Base {
    using Base::Base;

    template <bool Supported = false>
    auto descriptor() -> int {
        static_assert(Supported, "daemonizer: descriptor() needs the signal policy SignalFd");
        return -1;
    }

protected:
    static constexpr bool has_signal_descriptor = false;
};

/// Refuses to wait, in words, for a policy that collects nothing.
template <class Base>
struct refusing_to_wait : without_descriptor<Base> {
    using without_descriptor<Base>::without_descriptor;

    template <bool Supported = false>
    auto wait() -> int {
        static_assert(
            Supported,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return 0;
    }
    template <class Duration, bool Supported = false>
    auto wait_for(const Duration&) -> int {
        static_assert(
            Supported,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return 0;
    }

protected:
    template <bool Supported = false>
    auto wait_nanoseconds(long long) -> int {
        static_assert(
            Supported,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return 0;
    }
};

} // namespace daemonizer::detail

#endif
