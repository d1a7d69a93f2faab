// SPDX-License-Identifier: BSL-1.0
// Writes the daemon's number, and takes the lock that names the daemon.
#ifndef DAEMONIZER_PID_FILE_DETAIL_NAME_DAEMON_HPP
#define DAEMONIZER_PID_FILE_DETAIL_NAME_DAEMON_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/pid_file/detail/remove.hpp>
#include <daemonizer/pid_file/read.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <sys/resource.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Writes the number. In the daemon, whose pid is final now.
struct WritePidFile : step<phase::record> {
    static constexpr const char* name = "pid file";

    static auto run(const auto& start, const auto& policy) -> bool {
        const auto& host = start.host();
        auto& file = start.state(policy);
        file.owner = host.pid();
        char text[16];
        LineWriter line{text, sizeof text};
        const auto size =
            static_cast<std::size_t>(line.number(file.owner).end_of_line().end() - text);
        // A write beyond the limit raises SIGXFSZ, which would end the daemon without a word.
        rlimit limit{};
        if (!start.check(host.file_size_limit(limit), file.path))
            return false;
        if (limit.rlim_cur < size)
            return start.fail(file.path, EFBIG);
        const long written = host.write_at(file.fd, text, size, 0);
        if (!start.check(written, file.path))
            return false;
        if (static_cast<std::size_t>(written) != size)
            return start.fail(file.path, ENOSPC);
        auto& known = pid_files_of_this_process;
        if (!known.removed_at_exit &&
            !start.check(host.at_exit(end_pid_files_of_this_process), "atexit"))
            return false;
        known.removed_at_exit = true;
        file.is_registered = known.add(file);
        return file.is_registered ||
               start.fail(file.path, "this process holds too many pid files", EMFILE);
    }
};

/// Locks byte 1 and then gives the file its mode. After the signals, so that who is named can be
/// signalled; before the identity, since only the owner may change the mode; and in this order,
/// since a reader who may open the file can lock byte 1 before us.
struct OpenPidFileToReaders : step<phase::identity> {
    static constexpr const char* name = "pid file";
    static constexpr bool comes_first = true; // the slots of the identity stand before ours

    static auto run(const auto& start, const auto& policy) -> bool {
        const auto& host = start.host();
        const auto& file = start.state(policy);
        if (!start.check(detail::lock_byte(host, file.fd, F_OFD_SETLK, F_UNLCK, 1), file.path))
            return false;
        const int error = detail::lock_byte(host, file.fd, F_SETLK, F_WRLCK, 1);
        if (error == -EAGAIN || error == -EACCES) // only where it was taken in place
            return start.fail(file.path, "a process that only reads it keeps it locked", -error);
        return start.check(error, file.path) &&
               (!file.is_fresh || start.check(host.change_mode(file.fd, policy.mode()), file.path));
    }
};

/// Locks byte 1 again where a step of the start has closed a descriptor of the file, which has
/// released it: a descriptor that was inherited, where the file was taken in place, or one that a
/// user's own step has opened. Who holds it is asked through our own descriptor of byte 0.
struct NameDaemon : step<phase::named> {
    static constexpr const char* name = "pid file";

    static auto run(const auto& start, const auto& policy) -> bool {
        const auto& host = start.host();
        const auto& file = start.state(policy);
        pid_t holder = nobody;
        detail::lock_byte(host, file.fd, F_OFD_GETLK, F_RDLCK, 1, &holder);
        return holder == host.pid() ||
               start.check(detail::lock_byte(host, file.fd, F_SETLK, F_WRLCK, 1), file.path);
    }
};

} // namespace daemonizer::detail

#endif
