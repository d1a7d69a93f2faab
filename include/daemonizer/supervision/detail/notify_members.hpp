// SPDX-License-Identifier: BSL-1.0
// The members that SystemdNotify brings to a daemon.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_MEMBERS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_NOTIFY_MEMBERS_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/supervision/detail/notify_message.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cstring>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// All of these succeed and do nothing where no manager is named. Each returns false if the manager
/// could not be told, and in a worker that the daemon has forked. Not async-signal-safe.
template <class Base>
struct notify_members : Base {
    using Base::Base;

    /// Says that the daemon reads its configuration anew; `ready()` then says that it has done so.
    /// systemd sends SIGHUP for it: systemd.service(5), Type=notify-reload.
    template <bool Instantiated = true>
    void reloading() {
        static_assert(Instantiated && !ignores_hang_up<Base>(),
                      "daemonizer: reloading() with SIGHUP ignored; collect it, or systemd refuses "
                      "the start (Type=notify-reload)");
        this->tell_policies(event::reloading{});
    }
    /// Says that the daemon is about to end. The library says it when the body returns.
    void stopping() { this->tell_policies(event::stopping{}); }

    /// Says that the daemon is alive, for WatchdogSec=. Call it at half of that time.
    auto watchdog() -> bool { return send(NotifyMessage{}.key("WATCHDOG").number(1)); }

    /// Asks for more time to start, reload or stop. `time` counts from now; it is a
    /// std::chrono::duration or has the members of one.
    template <class Duration>
    auto extend_timeout(const Duration& time) -> bool {
        const auto message =
            NotifyMessage{}
                .key("EXTEND_TIMEOUT_USEC")
                .number(static_cast<unsigned long long>(detail::nanoseconds(time)) / 1000);
        return say(message.data(), message.size());
    }

    /// Sends any other assignments of sd_notify(3), a line each. Returns false for a text that is
    /// empty or longer than the manager reads, or, before ready, than the launcher does (199
    /// bytes).
    auto notify(const char* assignments) -> bool {
        constexpr std::size_t longest = 4095;
        const std::size_t size = std::strlen(assignments);
        return size != 0 && size <= longest && say(assignments, size);
    }
    template <class T>
    auto notify(const T& assignments) -> bool {
        return notify(detail::characters_of(assignments));
    }
    template <class... Wrong>
        requires(sizeof...(Wrong) != 1)
    auto notify(const Wrong&...) -> bool {
        static_assert(detail::is_accepted<Wrong...>,
                      "daemonizer: notify() takes one text: notify(\"KEY=VALUE\")");
        return false;
    }

    /// Leaves a copy of `fd` with the manager, to be passed to the next start of the service under
    /// `name` (FileDescriptorStoreMax=). The descriptor stays the caller's. In a composition that
    /// forks call it after `ready()`: until then a manager with NotifyAccess=main, the default,
    /// believes the launcher alone, and drops what the daemon sends.
    auto store(const char* name, int fd) -> bool {
        const auto message = NotifyMessage{}.key("FDSTORE").number(1).key("FDNAME").text(name);
        return fd >= 0 && is_name(name) && send(message.data(), message.size(), fd);
    }
    template <class T>
    auto store(const T& name, int fd) -> bool {
        return store(detail::characters_of(name), fd);
    }
    template <class... Wrong>
        requires(sizeof...(Wrong) != 2)
    auto store(const Wrong&...) -> bool {
        static_assert(detail::is_accepted<Wrong...>,
                      "daemonizer: store() takes a name and a descriptor: store(\"name\", fd)");
        return false;
    }
    template <detail::AnyText T>
    auto store(int, const T&) -> bool {
        return store();
    }
    /// Takes back what was stored under `name`.
    auto unstore(const char* name) -> bool {
        return is_name(name) &&
               send(NotifyMessage{}.key("FDSTOREREMOVE").number(1).key("FDNAME").text(name));
    }
    template <class T>
    auto unstore(const T& name) -> bool {
        return unstore(detail::characters_of(name));
    }

private:
    template <class Layer>
    static constexpr auto ignores_hang_up() -> bool {
        using Ignored = typename Layer::template in<slots::ignored>;
        if constexpr (requires { Ignored::ignores(SIGHUP); })
            return Ignored::ignores(SIGHUP);
        else
            return false;
    }
    /// By the launcher as long as there is one, whom the manager believes.
    auto say(const char* text, std::size_t size) -> bool {
        if constexpr (Base::template in<slots::fork>::detaches)
            if (this->is_starting() && this->core_.has_launcher())
                return this->template state_in<slots::fork>().report.send_for_manager(
                           this->host(), text, size) >= 0;
        return send(text, size);
    }
    auto send(const NotifyMessage& message) -> bool { return send(message.data(), message.size()); }
    auto send(const char* text, std::size_t size, int passed = -1) -> bool {
        const auto& state = this->template state_in<slots::notify>();
        return state.is_this(this->host()) && state.send(this->host(), text, size, 0, passed) >= 0;
    }

    /// Says whether a name has 1 to 255 printable characters of ASCII and no colon, as
    /// sd_pid_notify_with_fds(3) wants it.
    static auto is_name(const char* name) -> bool {
        std::size_t length = 0;
        for (; name[length] != '\0'; ++length)
            if (name[length] < 0x20 || name[length] > 0x7e || name[length] == ':')
                return false;
        return length != 0 && length <= 255;
    }
};

/// Refuses these members, in words, in a composition without a notify policy.
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
