// SPDX-License-Identifier: BSL-1.0
// Upgrade: puts a new version of the program in the place of the running one.
#ifndef DAEMONIZER_SUPERVISION_UPGRADE_HPP
#define DAEMONIZER_SUPERVISION_UPGRADE_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/supervision/detail/upgrade_handover.hpp>
#include <daemonizer/supervision/detail/upgrade_members.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Makes no upgrades: the members of Upgrade do not compile. The default.
struct NoUpgrade {
    using slot = slots::upgrade;
    using steps = step_list<>;
    template <class Base>
    using members = detail::without_upgrade<Base>;
};
static_assert(Policy<NoUpgrade>);

/// Puts a new version of the program in this process's place, without a moment in which nobody
/// listens. Pid, pid file, both locks, supervisor and pending signals stay. So do the descriptors
/// that `store` was given and those of ListenSockets, which the new program finds by name.
///
///     int fd = daemon.socket("http");
///     if (fd < 0)
///         daemon.store("http", fd = listen_somewhere());
///     daemon.ready();
///     while (daemon.wait() != SIGTERM) ...
///
/// `Signal`, which the signal policy must collect, asks for an upgrade. wait() returns it, and the
/// body should finish what it is doing, such as answers that it has begun, and call
/// `daemon.upgrade()`. If it has not when it calls wait() again, wait() calls it.
///
/// First a child, the trial, executes the program's file, by the path of the first start, with its
/// arguments, environment, directory, umask and limits. It runs up to its ready(), where it leaves.
/// If it fails, is killed, or is not ready within StartTimeout (30 s where there is none), the
/// reason is said in the log, and this program goes on. Otherwise this process executes the same
/// file. That runs main() again, and the steps of the composition without forks, session and pid
/// file. The daemon does not serve during the trial; clients wait in the listening socket's queue.
///
/// A process starts one such daemon at the most: the program run again could not tell which of
/// several it is. After a start() that has succeeded another one fails in the launcher, with
/// EEXIST.
///
/// An upgrade fails from a chroot that does not contain the file, and where the new program needs a
/// right that the old one has given up, such as to open a log of root. A notify policy sends
/// RELOADING=1 before the execution in place, and READY=1 after it.
/// Source: execve(2); fcntl(2) on what becomes of locks; signal(7) on pending signals.
template <int Signal>
struct Upgrade {
    constexpr Upgrade() = default;
    constexpr explicit Upgrade(int) {
        static_assert(
            given_as_value<Upgrade>,
            "daemonizer: Upgrade takes its signal as template argument: Upgrade<SIGUSR2>");
    }

    template <class Core>
    static constexpr void check() {
        using Signals = typename Core::template in<slots::signals>;
        static_assert(Signals::collects(Signal),
                      "daemonizer: Upgrade takes a signal that the signal policy collects");
        static_assert(
            !requires { Core::template in<slots::monitor>::restarts; },
            "daemonizer: Upgrade and Monitor do not go together; a restart of a monitored "
            "daemon executes the program's file anyway");
    }
    static constexpr int signal = Signal; ///< asks for an upgrade

    using state = detail::UpgradeState;

    /// Reads what an upgrade will need beside the environment, and closes the descriptors that are
    /// handed over, when the start fails and when the daemon ends. After ListenSockets, which could
    /// take the directory for a socket where LISTEN_FDS is too large.
    struct Close : undoable_step<phase::check> {
        static constexpr const char* name = "upgrade";
        static constexpr bool ends_with_process = true;

        static auto run(const auto& start, const auto& policy) -> bool {
            const auto& fork = fork_state(start);
            if constexpr (requires { fork.is_supervised; })
                start.state(policy).is_supervised = fork.is_supervised;
            return detail::is_first_restartable(start) &&
                   (start.state(policy).is_continued || read_surroundings(start));
        }
        static void undo(const auto& host, const auto&, auto& own) { own.close(host); }
        static void drop_launcher_copy(const auto& host, const auto&, auto& own) {
            detail::has_restartable_daemon = true;
            own.close(host);
        }
    };

    /// Reads how the program was started, before any step changes the environment.
    static auto remember(const auto& start) -> bool {
        auto& own = start.core.template state<Upgrade>();
        const char* what = "";
        const int error = own.first.read(start.host(), what);
        return error >= 0 || start.fail_step("upgrade", what, error);
    }

    /// Returns whether an older program has executed this one, in its place or for a trial.
    static auto is_continued(const auto& start) -> bool {
        auto& own = start.core.template state<Upgrade>();
        if (!detail::receive_upgrade(start.host(), own))
            return false;
        auto& fork = fork_state(start);
        if constexpr (requires { fork.is_supervised; }) {
            fork.is_supervised = own.is_supervised;
            fork.is_decided = true;
        }
        detail::insist([&] { return remember(start) ? 0 : -1; });
        detail::insist([&] { return read_surroundings(start) ? 0 : -1; });
        return true;
    }

    /// In place of the daemon, where a step has failed that succeeded in the trial: executes the
    /// file again, up to three times. Returns where that is of no use. An attempt that gets no
    /// further than this process is one of the three: nobody else is left to serve.
    static void try_again(const auto& start) {
        auto& own = start.core.template state<Upgrade>();
        constexpr int most = 3;
        int sockets = 0;
        using Start = std::remove_cvref_t<decltype(start)>;
        auto& passed = start.core.template state<typename Start::template in<slots::sockets>>();
        if constexpr (requires { passed.count; })
            sockets = passed.count;
        while (own.first.path != nullptr && ++own.failures <= most) {
            Failure ignored; // the step's is said
            detail::UpgradeAttempt attempt{start.host(), own, 0};
            attempt.become(ignored, {own.pid_file, sockets, own.notify});
        }
        own.is_settled = true;
    }

    /// Takes the pid file that the older program holds. False where the start has failed.
    static auto adopt_pid_file(const auto& start) -> bool {
        using Pid = typename std::remove_cvref_t<decltype(start)>::template in<slots::pid>;
        const auto& policy = start.template option<slots::pid>();
        const int fd = start.core.template state<Upgrade>().pid_file;
        if constexpr (requires { Pid::adopt(start, policy, fd); })
            if (fd >= 0 && !Pid::adopt(start, policy, fd)) {
                start.failure.name_step("pid file");
                return false;
            }
        return true;
    }

    /// In a trial: tells the daemon that it is ready (`failure` null), or why not, and leaves. What
    /// it has acquired is not undone: it may be the daemon's.
    static void end_trial(const auto& host, state& own, const Failure* failure) {
        if (!own.is_trial || own.report < 0)
            return;
        const int report = std::exchange(own.report, -1);
        if (failure == nullptr)
            host.send(report, "", 1);
        else
            host.send(report, failure, sizeof *failure);
        host.leave_at_once(failure == nullptr ? 0 : failure->exit_status());
    }
    static void on(const event::failed& now, const auto& host, const auto&, state& own) {
        end_trial(host, own, &now.failure);
    }

    using slot = slots::upgrade;
    using steps = step_list<Close>;
    template <class Base>
    using members = detail::upgrade_members<Base>;

private:
    static auto read_surroundings(const auto& start) -> bool {
        auto& own = start.core.template state<Upgrade>();
        const int error = own.surroundings.read(start.host());
        return error >= 0 || start.fail_step("upgrade", "directory", error);
    }
    static auto fork_state(const auto& start) -> auto& {
        using Start = std::remove_cvref_t<decltype(start)>;
        return start.core.template state<typename Start::template in<slots::fork>>();
    }
};
Upgrade(int)->Upgrade<SIGTERM>;
static_assert(Policy<Upgrade<SIGUSR2>>);

} // namespace daemonizer

#endif
