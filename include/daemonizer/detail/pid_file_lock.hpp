// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_PID_FILE_LOCK_HPP
#define DAEMONIZER_DETAIL_PID_FILE_LOCK_HPP

#include <daemonizer/detail/open_pid_file.hpp>
#include <daemonizer/detail/path.hpp>
#include <daemonizer/detail/pid_file_reader.hpp>
#include <daemonizer/detail/pid_file_removal.hpp>
#include <daemonizer/detail/report.hpp>

#include <cerrno>
#include <poll.h>

namespace daemonizer::detail {

/// Opens and locks the pid file, in the launcher: a second start is refused before it costs a
/// process, and the daemon inherits the lock without a moment in which it is free.
struct LockPidFile : undoable_step<phase::check> {
    static constexpr const char* name = "pid file";

    static auto run(const auto& start, const auto& policy) -> bool {
        auto& file = start.state(policy);
        if (!file.origin.open(start, policy))
            return false;
        file.directory = file.origin.directory();
        file.path = policy.characters();
        if (lock(start, policy, file) && claim(start, policy, file))
            return true;
        file.origin.close(start.host());
        return false;
    }

    template <class Host>
    [[gnu::visibility("hidden")]] static void undo(Host host, const auto&, auto& file) {
        remove_pid_file(host, file);
        if (pid_file_of_this_process.fd == file.fd)
            pid_file_of_this_process.owner = 0;
        let_go(host, file);
    }

    template <class Host>
    static void hand_over(Host host, const auto&, auto& file) {
        let_go(host, file);
    }

private:
    [[gnu::visibility("hidden")]] static void let_go(auto host, auto& file) {
        file.owner = 0;
        if (file.fd >= 0)
            host.close(file.fd);
        file.fd = -1;
        file.origin.close(host);
    }

    /// Ends with an open file that carries our lock and that the path still names.
    template <class Start>
    static auto lock(const Start& start, const auto& policy, auto& file) -> bool {
        const auto& host = start.host();
        const PatientNaming naming{host};
        constexpr int patience = 100;
        for (int replaced = 0; replaced != patience;) {
            bool created = false;
            file.fd = open_pid_file(start, file, policy.mode(), created);
            if (file.fd < 0)
                return false;
            const int locked = lock_first_byte(host, file.fd);
            if (locked >= 0 && still_names(host, file) > 0)
                return true;
            const bool taken = locked == -EAGAIN || locked == -EACCES;
            const bool named = taken && naming.look(file.fd, file.path, start.failure);
            if (locked < 0 && !taken && created)
                host.unlink(file.directory, file.path); // nobody can have locked it either
            drop(host, file);
            if (named)
                return false;
            if (locked < 0 && !taken)
                return start.fail(file.path, locked);
            // Released, or replaced, since it was opened: look at what stands there now.
            if (locked >= 0)
                ++replaced;
        }
        return start.fail(file.path, "is replaced faster than it can be locked", EAGAIN);
    }

    /// A file of our own process is left open: closing it would release the daemon's byte 1.
    static void drop(auto host, auto& file) {
        struct stat refused, ours;
        const bool own =
            pid_file_of_this_process.owner == host.pid() && host.status(file.fd, refused) >= 0 &&
            host.status(pid_file_of_this_process.fd, ours) >= 0 && same_file(refused, ours);
        if (!own)
            host.close(file.fd);
        file.fd = -1;
    }

    /// The mode is made exact, since the umask was a stranger's; then the stale number goes at
    /// once, so that nobody takes it for the holder's.
    static auto claim(const auto& start, const auto& policy, auto& file) -> bool {
        const auto& host = start.host();
        file.owner = host.pid(); // the launcher's own to undo, until the daemon has written it
        if (start.check(host.change_mode(file.fd, policy.mode()), file.path) &&
            start.check(host.truncate(file.fd), file.path))
            return true;
        remove_pid_file(host, file);
        host.close(file.fd);
        return false;
    }
};

/// Writes the number and locks byte 1. In the daemon, whose pid is final now.
struct WritePidFile : step<phase::record> {
    static constexpr const char* name = "pid file";

    static auto run(const auto& start, const auto& policy) -> bool {
        const auto& host = start.host();
        auto& file = start.state(policy);
        const bool registered = pid_file_of_this_process.path != nullptr;
        file.owner = host.pid();
        char text[16];
        LineWriter line{text, sizeof text};
        const auto size =
            static_cast<std::size_t>(line.number(file.owner).end_of_line().end() - text);
        const long written = host.write_at(file.fd, text, size, 0);
        if (!start.check(written, file.path))
            return false;
        if (static_cast<std::size_t>(written) != size)
            return start.fail(file.path, ENOSPC);
        if (!start.check(lock_byte(host, file.fd, F_SETLK, F_WRLCK, 1), file.path))
            return false;
        pid_file_of_this_process = file;
        return registered || start.check(host.at_exit(remove_pid_file_of_this_process), "atexit");
    }
};

} // namespace daemonizer::detail

#endif
