// SPDX-License-Identifier: BSL-1.0
// Opens and locks the pid file, in the launcher.
#ifndef DAEMONIZER_PID_FILE_DETAIL_LOCK_HPP
#define DAEMONIZER_PID_FILE_DETAIL_LOCK_HPP

#include <daemonizer/compose/start/base_directory.hpp>
#include <daemonizer/pid_file/detail/draft.hpp>
#include <daemonizer/pid_file/detail/open.hpp>
#include <daemonizer/pid_file/detail/remove.hpp>
#include <daemonizer/pid_file/read.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <sys/types.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A second start is refused before it costs a process, and the daemon inherits the lock without a
/// moment in which it is free.
struct LockPidFile : undoable_step<phase::check> {
    static constexpr const char* name = "pid file";

    static auto run(const auto& start, const auto& policy) -> bool {
        auto& file = start.state(policy);
        if constexpr (std::remove_cvref_t<decltype(policy)>::at_run_time)
            if ((policy.mode() & ~mode_t{0777}) != 0)
                return start.fail("mode", "has other bits than the nine permissions");
        if (!file.base_directory.open(start, policy))
            return false;
        file.directory = file.base_directory.directory();
        file.path = policy.characters();
        if (lock(start, policy, file)) {
            file.owner = start.host().pid(); // the launcher's to undo, until the daemon writes it
            return true;
        }
        file.base_directory.close(start.host());
        return false;
    }

    template <class Host>
    [[gnu::visibility("hidden")]] static void undo(Host host, const auto&, auto& file) {
        detail::remove_pid_file(host, file);
        if (file.is_registered)
            pid_files_of_this_process.forget(file.fd);
        close_copy(host, file);
    }

    template <class Host>
    static void drop_launcher_copy(Host host, const auto&, auto& file) {
        close_copy(host, file);
    }

private:
    [[gnu::visibility("hidden")]] static void close_copy(auto host, auto& file) {
        file.owner = 0;
        file.is_registered = false;
        if (file.fd >= 0)
            host.close(file.fd);
        file.fd = -1;
        file.base_directory.close(host);
    }

    /// Ends with an open file that carries our lock and that the path names.
    template <class Start>
    static auto lock(const Start& start, const auto& policy, auto& file) -> bool {
        const PatientNaming naming{start.host()};
        constexpr int patience = 100;
        for (int replaced = 0; replaced != patience;) {
            attempt made = detail::put_draft_in_place(start, file, naming);
            if (made == attempt::impossible)
                made = take_in_place(start, policy, file, naming);
            if (made == attempt::locked || made == attempt::failed)
                return made == attempt::locked;
            if (made == attempt::overtaken)
                ++replaced;
        }
        return start.fail(file.path, "is replaced faster than it can be locked", EAGAIN);
    }

    /// Locks the file that stands there as it is, looks at it again, and empties it. This is for a
    /// starter who may write the file but not its directory, and for a file that is a mount of its
    /// own. A process with a read lock hinders such a start; nothing can be done about that.
    template <class Start>
    static auto take_in_place(const Start& start, const auto& policy, auto& file,
                              const auto& naming) -> attempt {
        const auto& host = start.host();
        bool created = false;
        file.fd = detail::open_or_create(host, file, mode_while_starting, created);
        if (file.fd < 0) {
            detail::refuse_unopened(start, file, file.fd);
            return attempt::failed;
        }
        struct stat status;
        const bool trusted = !detail::distrust(start, file, file.fd, status);
        const int locked = trusted || created ? detail::lock_for_start(host, file.fd) : 0;
        if (trusted && locked >= 0 && detail::still_names(host, file) > 0) {
            file.is_fresh = created;
            // The mode is made exact, since the umask was a stranger's, but of a new file only once
            // the daemon has its lock; the stale number goes at once, so that nobody takes it for
            // the holder's.
            if ((created || start.check(host.change_mode(file.fd, policy.mode()), file.path)) &&
                start.check(host.truncate(file.fd), file.path))
                return attempt::locked;
            file.owner = host.pid();
            detail::remove_pid_file(host, file);
            file.owner = 0;
            return drop(host, file, attempt::failed);
        }
        const bool taken = locked == -EAGAIN || locked == -EACCES;
        if (created && !taken && (!trusted || locked < 0))
            host.unlink(file.directory, file.path); // nobody can have locked it
        if (!trusted)
            return drop(host, file, attempt::failed);
        if (taken && naming.look(start, file.fd, file.path))
            return drop(host, file, attempt::failed);
        if (locked < 0 && !taken) {
            start.fail(file.path, locked);
            return drop(host, file, attempt::failed);
        }
        // Released, or replaced, since it was opened: look at what stands there now.
        return drop(host, file, taken ? attempt::waited : attempt::overtaken);
    }

    static auto drop(auto host, auto& file, attempt made) -> attempt {
        host.close(file.fd);
        file.fd = -1;
        return made;
    }
};

} // namespace daemonizer::detail

#endif
