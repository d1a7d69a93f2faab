// SPDX-License-Identifier: BSL-1.0
// The system calls by which a process becomes another program.
#ifndef DAEMONIZER_HOST_DETAIL_EXEC_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_EXEC_CALLS_HPP

#include <daemonizer/host/detail/answer.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <fcntl.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of PosixHost. Each call answers what the system call answers, or the negative errno.
/// All are async-signal-safe.
struct ExecCalls {
    /// Returns only where it has failed.
    static auto execute(const char* path, char* const* arguments, char* const* environment) -> int {
        return detail::answer(::execve(path, arguments, environment));
    }
    /// fcntl(2): `fd` stays open over an exec.
    static auto pass_on_exec(int fd) -> int { return detail::answer(::fcntl(fd, F_SETFD, 0)); }
    /// The signal that this process gets when the thread that has forked it ends; 0 for none. A
    /// change of the user takes it away. PR_SET_PDEATHSIG(2const).
    static auto set_parent_death_signal(int number) -> int {
        return detail::answer(::prctl(PR_SET_PDEATHSIG, static_cast<unsigned long>(number)));
    }
    /// This process leads a process group from now on.
    static auto lead_group() -> int { return detail::answer(::setpgid(0, 0)); }
    /// SO_PEERCRED: the process that has made the socket's other end.
    static auto peer(int fd) -> pid_t {
        struct { // struct ucred(7)
            pid_t process;
            uid_t user;
            gid_t group;
        } credentials{};
        socklen_t size = sizeof credentials;
        const int error =
            detail::answer(::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size));
        return error < 0 ? error : credentials.process;
    }
    /// The characters of a symbolic link, without a terminator.
    static auto read_link(const char* path, char* into, std::size_t size) -> long {
        return detail::answer(::readlink(path, into, size));
    }
    /// Returns the path that execve(2) was given for this program, or null where it is not known.
    static auto executed_path() -> const char* {
        return reinterpret_cast<const char*>(::getauxval(AT_EXECFN));
    }
    /// Whether who started this program has fewer rights than it.
    static auto has_gained_rights() -> bool { return ::getauxval(AT_SECURE) != 0; }
};

} // namespace daemonizer::detail

#endif
