// SPDX-License-Identifier: BSL-1.0
// Another root directory for the daemon.
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
/// WorkingDirectory then is taken inside; KeepDirectory becomes the new root. Compose RunAs beside
/// it: who stays root can leave.
///
/// The launcher opens the directory; what its path means later plays no part. It is refused where
/// the path is relative, where its owner is neither root nor the caller, and where group or others
/// can write it: they could place programs and configuration there that more powerful users trust.
/// Log files, syslog and sockets are opened before, outside; reopen() is inside.
/// Fails as step "chroot" with the errno of open(2), fstat(2), fchdir(2), chroot(2), chdir(2);
/// EPERM where CAP_SYS_CHROOT lacks.
template <fixed_string Path = "">
struct Chroot : Text<Path> {
    constexpr Chroot() requires(!Text<Path>::at_run_time) = default;
    constexpr explicit Chroot(TextArgument path) requires Text<Path>::at_run_time
        : Text<Path>{path} {}

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

    /// In the launcher, whose terminal sees what is wrong with the directory.
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

    /// First of its phase: it needs CAP_SYS_CHROOT, and nothing after it needs what is outside.
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
            state.close(host); // or it would be a way out for whoever becomes root again
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
