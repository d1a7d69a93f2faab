// SPDX-License-Identifier: BSL-1.0
// upgrade(), and the members of a daemon that can be upgraded.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_MEMBERS_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_MEMBERS_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/supervision/detail/notify_message.hpp>
#include <daemonizer/supervision/detail/upgrade_attempt.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/signal_bits.hpp>
#include <daemonizer/system/time_span.hpp>

#include <limits>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Hides the members of the policies before it, and calls them. Not async-signal-safe.
template <class Base>
struct upgrade_members : Base {
    using Base::Base;

    /// Puts the program's file, as it is now, in this process's place, and does not return. If that
    /// fails, the reason is said where errors go after ready, nothing has changed, and it returns
    /// false. So it does before ready, in a trial, and in a process that the daemon has forked.
    auto upgrade() -> bool {
        auto& own = state();
        own.is_wanted = false;
        if (own.is_trial || !this->is_ready_daemon())
            return false;
        Failure failure;
        failure.name_step("upgrade");
        UpgradeAttempt attempt{this->host(), own, seconds()};
        const auto say_alive = [this] { return ping_if_due(); };
        if (attempt.prove(failure, listen_sockets(), say_alive)) {
            ping(); // the new program's start has all of the time
            this->tell_policies(event::reloading{});
            hold_signals();
            attempt.become(failure, {pid_file(), listen_sockets(), notify_descriptor()});
            release_signals();
            this->tell_policies(event::ready{nullptr, true});
        }
        this->complain(failure);
        return false;
    }

    /// True in a process that only proves that the program can start: it leaves in ready().
    auto is_trial() -> bool { return state().is_trial; }

    /// Keeps a copy of `fd`, which stays the caller's, for the next program, to be found by
    /// `socket(name)`; with SystemdNotify also in the manager's store. Up to 32, with names of up
    /// to 63 characters; a second one of a name replaces the first.
    auto store(const char* name, int fd) -> bool {
        if (!state().stored.add(this->host(), name, fd))
            return false;
        if constexpr (has_manager)
            return is_trial() || Base::store(name, fd);
        else
            return true;
    }
    template <class T>
    auto store(const T& name, int fd) -> bool {
        return store(detail::characters_of(name), fd);
    }
    /// Closes the copy of that name. Returns false where there is none.
    auto unstore(const char* name) -> bool {
        if constexpr (has_manager)
            if (!is_trial())
                Base::unstore(name);
        return state().stored.remove(this->host(), name);
    }
    template <class T>
    auto unstore(const T& name) -> bool {
        return unstore(detail::characters_of(name));
    }
    /// Returns the descriptor that was stored under that name, by this program or by the one before
    /// it; else the first of that name of ListenSockets; else -1. It stays the daemon's.
    auto socket(const char* name) -> int {
        const int stored = state().stored.find(name);
        if constexpr (has_sockets)
            return stored < 0 ? Base::socket(name) : stored;
        else
            return stored;
    }
    template <class T>
    auto socket(const T& name) -> int {
        return socket(detail::characters_of(name));
    }

    void ready(const char* status = nullptr) {
        if (is_trial() && this->is_daemon_process())
            Base::template in<slots::upgrade>::end_trial(this->host(), state(), nullptr);
        Base::ready(status);
    }
    template <class T>
    void ready(const T& status) {
        ready(detail::characters_of(status));
    }

    auto wait() -> int {
        upgrade_if_wanted();
        return noted(Base::wait());
    }
    template <class Duration>
    auto wait_for(const Duration& time) -> int {
        upgrade_if_wanted();
        return noted(Base::wait_for(time));
    }

private:
    using Signals = typename Base::template in<slots::signals>;
    static constexpr bool has_manager = requires {
        Base::template in<slots::notify>::speaks_to_manager;
    };
    static constexpr bool has_sockets = [] {
        using Sockets = typename Base::template in<slots::sockets>;
        if constexpr (requires { typename Sockets::state; })
            return requires(typename Sockets::state & state) { state.count; };
        else
            return false;
    }();

    auto state() -> auto& { return this->template state_in<slots::upgrade>(); }

    void upgrade_if_wanted() {
        if (state().is_wanted)
            upgrade();
    }
    auto noted(int signal) -> int {
        state().is_wanted = signal == Base::template in<slots::upgrade>::signal;
        return signal;
    }

    static constexpr auto seconds() -> int {
        using Timeout = typename Base::template in<slots::timeout>;
        if constexpr (std::is_void_v<Timeout>)
            return 30;
        else
            return Timeout::seconds;
    }

    auto pid_file() -> int {
        if constexpr (requires { this->template state_in<slots::pid>().fd; })
            return this->template state_in<slots::pid>().fd;
        else
            return -1;
    }
    /// Of a composition with a Watchdog.
    static constexpr bool is_watched = [] {
        using Watch = typename Base::template in<slots::watchdog>;
        if constexpr (requires { typename Watch::state; })
            return requires(typename Watch::state & state) { state.half; };
        else
            return false;
    }();
    /// Shows the watchdog that the daemon lives, which does not serve while it waits for its trial.
    void ping() {
        if constexpr (is_watched) {
            auto& watch = this->template state_in<slots::watchdog>();
            if (watch.half == 0)
                return;
            watch.due = this->host().now() + watch.half;
            const auto message = NotifyMessage{}.key("WATCHDOG").number(1);
            this->template state_in<slots::notify>().send(this->host(), message.data(),
                                                          message.size());
        }
    }
    /// Returns after how many nanoseconds the next one is due.
    auto ping_if_due() -> long long {
        if constexpr (is_watched) {
            const auto& watch = this->template state_in<slots::watchdog>();
            const long long left = watch.due - this->host().now();
            if (watch.half != 0 && left > 0)
                return left;
            ping();
            if (watch.half != 0)
                return watch.half;
        }
        return std::numeric_limits<long long>::max();
    }

    /// Returns how many descriptors from 3 on the manager has passed.
    auto listen_sockets() -> int {
        if constexpr (has_sockets)
            return this->template state_in<slots::sockets>().count;
        else
            return 0;
    }

    auto notify_descriptor() -> int {
        if constexpr (requires { this->template state_in<slots::notify>().adopted(); })
            return this->template state_in<slots::notify>().adopted();
        else
            return -1;
    }

    /// Blocks the collected signals, since their handlers are gone in the next program: a signal
    /// that comes now waits for it. A signal that a handler has noted is sent again.
    void hold_signals() {
        for (int signal = 1; signal != NSIG; ++signal)
            if (Signals::collects(signal))
                this->host().set_mask(SIG_BLOCK, detail::only_signal(signal));
        if constexpr (!Base::has_signal_descriptor)
            for (int signal; (signal = this->wait_nanoseconds(0)) > 0;)
                this->host().signal(this->host().pid(), signal);
    }
    void release_signals() {
        if constexpr (!Base::has_signal_descriptor)
            for (int signal = 1; signal != NSIG; ++signal)
                if (Signals::collects(signal))
                    this->host().set_mask(SIG_UNBLOCK, detail::only_signal(signal));
    }
};

/// Refuses upgrade() and is_trial(), in words.
template <class Base>
struct without_upgrade : Base {
    using Base::Base;

    template <bool Supported = false>
    auto upgrade() -> bool {
        static_assert(Supported, "daemonizer: upgrade() needs the policy Upgrade");
        return false;
    }
    template <bool Supported = false>
    auto is_trial() -> bool {
        static_assert(Supported, "daemonizer: is_trial() needs the policy Upgrade");
        return false;
    }
};

} // namespace daemonizer::detail

#endif
