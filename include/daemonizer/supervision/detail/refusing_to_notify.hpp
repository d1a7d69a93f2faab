// SPDX-License-Identifier: BSL-1.0
// Refuses the members of a notify policy in a composition that has none.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_REFUSING_TO_NOTIFY_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_REFUSING_TO_NOTIFY_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Refuses these members in one sentence.
template <class Base>
struct refusing_to_notify : Base {
    using Base::Base;

    template <bool Supported = false>
    void reloading() {
        refuse<Supported>();
    }
    template <bool Supported = false>
    void stopping() {
        refuse<Supported>();
    }
    template <bool Supported = false>
    auto watchdog() -> bool {
        return refuse<Supported>();
    }
    template <class Duration, bool Supported = false>
    auto extend_timeout(const Duration&) -> bool {
        return refuse<Supported>();
    }
    template <class T, bool Supported = false>
    auto notify(const T&) -> bool {
        return refuse<Supported>();
    }
    template <class T, bool Supported = false>
    auto store(const T&, int) -> bool {
        return refuse<Supported>();
    }
    template <class T, bool Supported = false>
    auto unstore(const T&) -> bool {
        return refuse<Supported>();
    }

private:
    template <bool Supported>
    static constexpr auto refuse() -> bool {
        static_assert(Supported, "daemonizer: this member needs the notify policy SystemdNotify "
                                 "(reloading, stopping, watchdog, extend_timeout, notify, store)");
        return false;
    }
};

} // namespace daemonizer::detail

#endif
