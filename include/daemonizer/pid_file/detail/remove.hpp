// SPDX-License-Identifier: BSL-1.0
// Removes the daemon's pid file: at its end, on exit(), and when a signal ends it.
#ifndef DAEMONIZER_PID_FILE_DETAIL_REMOVE_HPP
#define DAEMONIZER_PID_FILE_DETAIL_REMOVE_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/host/posix_host.hpp>
#include <daemonizer/pid_file/own_pid_files.hpp>
#include <daemonizer/signals/reset_signals.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <signal.h>
#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// 1 where the path still names the file that is open, 0 where it names another, a negative errno
/// where it names none or cannot be looked at.
template <class Host>
[[gnu::visibility("hidden")]] auto still_names(Host host, const OwnPidFile& file) -> int {
    struct stat ours, there;
    if (host.status(file.fd, ours) < 0)
        return 0;
    const int seen = host.status(file.directory, file.path, there);
    return seen < 0 ? seen : detail::same_file(ours, there);
}

/// Removes the file while it is still locked, and only if the path still is our inode: another
/// instance's file stays. Emptied where it may no longer be unlinked. Async-signal-safe.
template <class Host>
[[gnu::visibility("hidden")]] void remove_pid_file(Host host, const OwnPidFile& file) {
    if (file.owner == 0 || file.owner != host.pid())
        return;
    // In a chroot the path names another file or none; the file that is open is ours anyway.
    if (detail::still_names(host, file) != 1 || host.unlink(file.directory, file.path) < 0)
        host.truncate(file.fd);
}

/// Removes every pid file of this process. Async-signal-safe.
inline void remove_pid_files_of_this_process() {
    const PosixHost host;
    pid_files_of_this_process.any(host.pid(), [&](OwnPidFile& file) {
        detail::remove_pid_file(host, file);
        file.owner = 0;
        return false;
    });
}

inline void remove_pid_files_and_die(int signal) {
    detail::remove_pid_files_of_this_process();
    detail::die_of(signal);
}

/// The signals whose default action would end the daemon and leave its pid file.
inline constexpr int ending_signals[] = {SIGTERM, SIGINT, SIGHUP};

/// Called by exit(), and by dlclose() where a library has made the start: its handler must not be
/// called once its code is gone.
inline void end_pid_files_of_this_process() {
    for (const int signal : ending_signals) {
        struct sigaction now, standard{};
        standard.sa_handler = SIG_DFL;
        if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == remove_pid_files_and_die)
            ::sigaction(signal, &standard, nullptr);
    }
    detail::remove_pid_files_of_this_process();
}

/// The daemon's pid file vanishes also when a signal ends it that no policy collects. After the
/// dispositions are set, and only where the default would end the process. Beside the signal
/// policies of the library this has nothing to do, since they set the handler at once.
struct RemovePidFileOnSignals : step<phase::signals> {
    static constexpr const char* name = "pid file";
    using needs = capabilities<capability::dispositions>;

    static auto run([[maybe_unused]] const auto& start, const auto&) -> bool {
        using Signals = typename std::remove_cvref_t<decltype(start)>::template in<slots::signals>;
        using Pid = typename std::remove_cvref_t<decltype(start)>::template in<slots::pid>;
        if constexpr (!set_ending_handlers<typename Signals::steps>)
            for (const int signal : ending_signals)
                if (!Signals::collects(signal) &&
                    !detail::replace_default(start, signal, detail::dying<Pid>()))
                    return false;
        return true;
    }
};

} // namespace daemonizer::detail

#endif
