// SPDX-License-Identifier: BSL-1.0
// Chroot: gives the daemon another root directory.
#ifndef DAEMONIZER_IDENTITY_CHROOT_HPP
#define DAEMONIZER_IDENTITY_CHROOT_HPP

#include <daemonizer/compose/start/base_directory.hpp>
#include <daemonizer/host/identity_calls.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/missing_right.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Makes a directory the root of the daemon's file system: `Chroot<"/srv/jail">`, or
/// `Chroot{path}`, whose characters the caller owns for as long as the handle lives.
/// The path of WorkingDirectory then counts inside it; KeepDirectory means the new root. Compose
/// RunAs beside it, since a daemon that stays root can leave the directory.
///
/// The launcher opens the directory, so it does not matter what the path means later. The start
/// fails if the path is relative, if the directory belongs to neither root nor the caller, or if
/// its group or others can write it: they could place programs and configuration there that more
/// powerful users trust. The daemon opens log files, syslog and sockets before, outside; reopen()
/// opens inside.
/// Fails as step "chroot" with the errno of open(2), fstat(2), fchdir(2), chroot(2), chdir(2);
/// EPERM without CAP_SYS_CHROOT.
template <fixed_string Path = "">
struct Chroot : Text<Path> {
    constexpr Chroot() requires(!Text<Path>::at_run_time) = default;
    constexpr explicit Chroot(TextArgument path) requires Text<Path>::at_run_time
        : Text<Path>{path} {}
    template <class... Wrong>
        requires(Text<Path>::at_run_time && sizeof...(Wrong) != 1)
    constexpr explicit Chroot(const Wrong&...) : Text<Path>{""} {
        static_assert(given_as_value<Wrong...>, "daemonizer: Chroot takes one path: Chroot{path}");
    }

    template <class>
    static constexpr void check() {
        static_assert(Text<Path>::at_run_time || Text<Path>::is_absolute,
                      "daemonizer: Chroot takes an absolute path");
    }
    struct state {
        int directory = -1;

        void each_descriptor(auto keep) const { keep(directory); }
        static void each_text(auto) {} // its undo reads none
        template <class Host>
        void close(const Host& host) {
            if (directory >= 0)
                host.close(directory);
            directory = -1;
        }
    };

    /// Runs in the launcher, so that the terminal shows what is wrong with the directory.
    struct Open : undoable_step<phase::check> {
        static constexpr const char* name = "chroot";
        static constexpr bool ends_with_process = true;

        static auto run(const auto& start, const auto& policy) -> bool {
            if (!detail::path_is_given(start, policy))
                return false;
            const auto& host = start.host();
            const char* const path = policy.characters();
            if (*path != '/')
                return start.fail(path, "is not an absolute path", EINVAL);
            auto& state = start.state(policy);
            state.directory = detail::above_stdio(
                host, host.open(AT_FDCWD, path, O_PATH | O_DIRECTORY | O_CLOEXEC));
            if (!start.check(state.directory, path))
                return false;
            if (is_trustworthy(start, state.directory, path))
                return true;
            state.close(host);
            return false;
        }
        static void undo(const auto& host, const auto&, auto& state) { state.close(host); }
        static void drop_launcher_copy(const auto& host, const auto&, auto& state) {
            state.close(host);
        }

    private:
        static auto is_trustworthy(const auto& start, int fd, const char* path) -> bool {
            struct stat status;
            detail::Ids user;
            if (!start.check(start.host().status(fd, status), path) ||
                !start.check(start.host().user_ids(user), "getresuid"))
                return false;
            if (status.st_uid != 0 && status.st_uid != user.effective)
                return start.fail(path, "belongs to another user than root", EPERM);
            if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
                return start.fail(path, "can be written by others", EPERM);
            return true;
        }
    };

    /// Runs first in its phase: it needs CAP_SYS_CHROOT, and no later step needs what is outside.
    struct Enter : step<phase::identity> {
        static constexpr const char* name = "chroot";

        static auto run(const auto& start, const auto& policy) -> bool {
            const auto& host = start.host();
            const char* const path = policy.characters();
            auto& state = start.state(policy);
            if (!start.check(host.change_directory(state.directory), path))
                return false;
            if (const int error = host.change_root("."); error < 0)
                return detail::fail_lacking(start, path, error, "CAP_SYS_CHROOT");
            if (!start.check(host.change_directory("/"), "/") || !is_root(start, state.directory))
                return false;
            state.close(host); // else it would be a way out for a process that becomes root again
            return enter_directory(start);
        }

    private:
        static auto is_root(const auto& start, int fd) -> bool {
            struct stat wanted, root;
            const auto& host = start.host();
            if (!start.check(host.status(fd, wanted), "fstat") ||
                !start.check(host.status(AT_FDCWD, "/", root), "/"))
                return false;
            return (wanted.st_dev == root.st_dev && wanted.st_ino == root.st_ino) ||
                   start.fail("/", "is another directory", EPERM);
        }
        template <class Start>
        static auto enter_directory(const Start& start) -> bool {
            using Directory = typename Start::template in<slots::directory>;
            if constexpr (requires { typename Directory::Change; })
                return Directory::Change::enter(start, start.template option<slots::directory>());
            else
                return true;
        }
    };
    using slot = slots::chroot;
    using steps = step_list<Open, Enter>;
};
Chroot(TextArgument)->Chroot<>;
static_assert(Policy<Chroot<"/x">> && Policy<Chroot<>>);

} // namespace daemonizer

#endif
