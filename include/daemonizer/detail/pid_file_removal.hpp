// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_PID_FILE_REMOVAL_HPP
#define DAEMONIZER_DETAIL_PID_FILE_REMOVAL_HPP

#include <daemonizer/policy.hpp>
#include <daemonizer/posix_host.hpp>

#include <cerrno>
#include <fcntl.h>
#include <initializer_list>
#include <signal.h>
#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::detail {

/// A pid file that this process may remove: `owner` is the process that wrote it. A worker forked
/// by the daemon inherits all of this and is another process.
struct OwnPidFile {
    int directory = AT_FDCWD;
    const char* path = nullptr;
    int fd = -1;
    pid_t owner = 0;
};

[[gnu::visibility("hidden")]] inline auto same_file(const struct stat& a, const struct stat& b)
    -> bool {
    return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/// 1 where the path still names the file that is open, 0 where it names another, a negative errno
/// where it names none or cannot be looked at.
template <class Host>
[[gnu::visibility("hidden")]] auto still_names(Host host, const OwnPidFile& file) -> int {
    struct stat ours, there;
    if (host.status(file.fd, ours) < 0)
        return 0;
    const int seen = host.status(file.directory, file.path, there);
    return seen < 0 ? seen : same_file(ours, there);
}

/// Removes the file while it is still locked, and only if the path still is our inode: another
/// instance's file stays. Emptied where it may no longer be unlinked. Async-signal-safe.
template <class Host>
[[gnu::visibility("hidden")]] void remove_pid_file(Host host, const OwnPidFile& file) {
    if (file.owner == 0 || file.owner != host.pid())
        return;
    const int named = still_names(host, file);
    if (named == 0 || named == -ENOENT)
        return;
    if (named < 0 || host.unlink(file.directory, file.path) < 0)
        host.truncate(file.fd);
}

/// The pid file of this process, for those who come without an argument: exit() and signals.
inline OwnPidFile pid_file_of_this_process;

inline void remove_pid_file_of_this_process() {
    remove_pid_file(PosixHost{}, pid_file_of_this_process);
    pid_file_of_this_process.owner = 0;
}

inline void remove_pid_file_and_die(int signal) {
    remove_pid_file_of_this_process();
    ::raise(signal); // SA_RESETHAND: the default action, once this handler has returned
}

/// The daemon's pid file vanishes also when a signal ends it that no policy collects. After the
/// dispositions are set, and only where the default would end the process.
struct RemovePidFileOnSignals : step<phase::signals> {
    static constexpr const char* name = "pid file";
    using needs = capabilities<capability::dispositions>;

    static auto run(const auto& start, const auto&) -> bool {
        using Signals = typename std::remove_cvref_t<decltype(start)>::template in<slots::signals>;
        struct sigaction dying {};
        dying.sa_handler = remove_pid_file_and_die;
        dying.sa_flags = static_cast<int>(SA_RESETHAND);
        sigfillset(&dying.sa_mask);
        for (const int signal : {SIGTERM, SIGINT, SIGHUP}) {
            if (Signals::collects(signal))
                continue;
            struct sigaction before;
            if (!start.check(start.host().set_disposition(signal, dying, before), "sigaction"))
                return false;
            if (before.sa_handler != SIG_DFL)
                start.host().set_disposition(signal, before); // ignored, or the program's own
        }
        return true;
    }
};

} // namespace daemonizer::detail

#endif
