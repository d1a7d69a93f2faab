// SPDX-License-Identifier: BSL-1.0
// SystemdNotify: sd_notify(3) without libsystemd.
#ifndef DAEMONIZER_SUPERVISION_SYSTEMD_NOTIFY_HPP
#define DAEMONIZER_SUPERVISION_SYSTEMD_NOTIFY_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/supervision/detail/notify_members.hpp>
#include <daemonizer/supervision/detail/notify_message.hpp>
#include <daemonizer/supervision/detail/notify_socket.hpp>
#include <daemonizer/supervision/detail/refusing_to_notify.hpp>
#include <daemonizer/supervision/detail/speaking_process.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstdlib>
#include <cstring>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Notifies nobody. The members that a notify policy brings do not compile. The default.
struct NoNotify {
    using slot = slots::notify;
    using steps = step_list<>;
    template <class Base>
    using members = detail::refusing_to_notify<Base>;
};
static_assert(Policy<NoNotify>);

/// Tells the service manager that $NOTIFY_SOCKET names (systemd, or one that speaks its protocol)
/// when the daemon is ready, reloads, stops or fails. The launcher reads the variable once and
/// connects the socket, so that the daemon can use it from a chroot and under a sandbox. Where the
/// variable is unset or empty nobody is told, and nothing fails. Where nobody listens there, a line
/// on stderr says so and the start goes on.
///
/// In a composition that forks the launcher sends MAINPID= and READY=1, and before that STATUS= and
/// ERRNO=, and what extend_timeout() and notify() say, since a manager believes only the process
/// that it has started. A Monitor, which is the main process, sends READY=1 after each restart.
/// READY=1 waits up to five seconds for a manager that is busy; any other message is dropped
/// instead.
///
/// The daemon's environment loses NOTIFY_SOCKET, so that a program which the daemon executes does
/// not speak for it. `CleanEnvironment<"NOTIFY_SOCKET", ...>` asks for the variable to stay.
/// Source: sd_notify(3); systemd.service(5), Type=notify.
struct SystemdNotify {
    struct state : detail::NotifySocket, detail::SpeakingProcess {
        bool is_reloading = false, is_stopping = false;
        static void each_text(auto) {} ///< the undo reads none
    };

    struct Connect : undoable_step<phase::check> {
        static constexpr const char* name = "notify";
        static constexpr bool ends_with_process = true;

        static auto run(const auto& start, const auto& policy) -> bool {
            const char* const address = std::getenv(variable);
            auto& state = start.state(policy);
            state.daemon = start.host().pid(); // of a composition that does not fork
            if (const int error = state.open(start.host(), address, passed_to(start)); error < 0)
                start.warn(name, address, error);
            return true;
        }
        static void undo(const auto& host, const auto&, auto& state) { state.close(host); }
        static void drop_launcher_copy(const auto& host, const auto&, auto& state) {
            state.close(host);
        }
    };

    /// Runs in the daemon alone: a launcher that goes on after start() keeps its environment.
    struct Forget : step<phase::record> {
        static constexpr const char* name = "notify";

        static auto run(const auto& start, const auto&) -> bool {
            using Start = std::remove_cvref_t<decltype(start)>;
            if constexpr (!is_kept<typename Start::template in<slots::environment>>)
                ::unsetenv(variable);
            return true;
        }
    };

    [[gnu::visibility("hidden")]] static void on(const event::starting& now, const auto& host,
                                                 const auto&, auto& state) {
        detail::NotifyMessage message;
        message.key("STATUS").text(now.text);
        state.send(host, message.data(), message.size());
    }
    [[gnu::visibility("hidden")]] static void on(const event::for_manager& now, const auto& host,
                                                 const auto&, auto& state) {
        state.send(host, now.assignments, std::strlen(now.assignments));
    }
    [[gnu::visibility("hidden")]] static void on(const event::not_launched& now, const auto& host,
                                                 const auto&, auto& state) {
        const auto message = describe(now.failure);
        state.send(host, message.data(), message.size());
    }
    [[gnu::visibility("hidden")]] static void on(const event::restarted&, const auto& host,
                                                 const auto&, auto& state) {
        detail::NotifyMessage message;
        message.key("READY").number(1);
        state.send(host, message.data(), message.size(), patience);
    }
    [[gnu::visibility("hidden")]] static void on(const event::launched& now, const auto& host,
                                                 const auto&, auto& state) {
        detail::NotifyMessage message;
        message.key("MAINPID").number(static_cast<unsigned long long>(now.daemon));
        message.key("READY").number(1);
        state.send(host, message.data(), message.size(), patience);
    }
    static void on(const event::ready& now, const auto& host, const auto&, auto& state) {
        if (!now.is_known || state.is_reloading)
            send(host, state, detail::NotifyMessage{}.key("READY").number(1), patience);
        state.is_reloading = false;
        if (now.status != nullptr)
            send(host, state, detail::NotifyMessage{}.key("STATUS").text(now.status));
    }
    static void on(const event::status& now, const auto& host, const auto&, auto& state) {
        if (!now.is_known)
            send(host, state, detail::NotifyMessage{}.key("STATUS").text(now.text));
    }
    /// Sends the time, so that the manager can tell this reload from the READY=1 of another.
    static void on(const event::reloading&, const auto& host, const auto&, auto& state) {
        state.is_reloading = true;
        const auto microseconds = static_cast<unsigned long long>(host.now()) / 1000;
        send(host, state,
             detail::NotifyMessage{}
                 .key("RELOADING")
                 .number(1)
                 .key("MONOTONIC_USEC")
                 .number(microseconds),
             patience);
    }
    /// Sends STOPPING=1 once, by order of the program or when its body returns. It does not where a
    /// Monitor starts the daemon again: nothing that comes later makes a manager take it back.
    static void on(const event::stopping& now, const auto& host, const auto&, auto& state) {
        if (now.may_return)
            return;
        if (!state.is_stopping)
            send(host, state, detail::NotifyMessage{}.key("STOPPING").number(1));
        state.is_stopping = true;
    }
    static void on(const event::failed& now, const auto& host, const auto&, auto& state) {
        if (!now.is_known)
            send(host, state, describe(now.failure));
    }

    using slot = slots::notify;
    using steps = step_list<Connect, detail::RememberDaemon, Forget>;
    static constexpr bool speaks_to_manager = true; ///< and so can carry a watchdog's pings
    template <class Base>
    using members = detail::notify_members<Base>;

private:
    /// Returns the descriptor that an upgrade or a monitor has handed over, -1 if they had none, or
    /// any_number in a first start.
    static auto passed_to(const auto& start) -> int {
        using Core = std::remove_cvref_t<decltype(start.core)>;
        if constexpr (Core::may_continue) {
            const auto& own =
                start.core.template state<typename Core::template in<slots::upgrade>>();
            if (own.is_continued)
                return own.notify;
        }
        if constexpr (requires { Core::template in<slots::monitor>::restarts; }) {
            const auto& own =
                start.core.template state<typename Core::template in<slots::monitor>>();
            if (own.is_restart)
                return own.notify;
        }
        return detail::NotifySocket::any_number;
    }
    static constexpr long long patience = 5'000'000'000;
    static constexpr const char* variable = "NOTIFY_SOCKET";

    template <class Environment>
    static constexpr bool is_kept = [] {
        if constexpr (requires { Environment::keeps(variable); })
            return Environment::keeps(variable);
        else
            return false;
    }();

    [[gnu::visibility("hidden")]] static auto describe(const Failure& failure)
        -> detail::NotifyMessage {
        detail::NotifyMessage message;
        if (failure.code() > 0)
            message.key("ERRNO").number(static_cast<unsigned>(failure.code()));
        return message.key("STATUS").text(failure.text());
    }
    static void send(const auto& host, const auto& state, const detail::NotifyMessage& message,
                     long long limit = 0) {
        if (state.is_this(host))
            state.send(host, message.data(), message.size(), limit);
    }
};
static_assert(Policy<SystemdNotify>);

} // namespace daemonizer

#endif
