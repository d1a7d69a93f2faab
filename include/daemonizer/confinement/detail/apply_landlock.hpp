// SPDX-License-Identifier: BSL-1.0
// Puts a Landlock policy into force, and tries something that must fail then.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_APPLY_LANDLOCK_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_APPLY_LANDLOCK_HPP

#include <daemonizer/confinement/detail/landlock_rights.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail::landlock {

/// Holds what a policy asks for. All of it is known at compile time.
struct Wanted {
    unsigned parts;
    int least_abi; ///< 0: the best that the kernel has
    const PathRule* paths;
    std::size_t path_count;
    const PortRule* ports;
    std::size_t port_count;
};

/// Returns the kernel's ABI, at most the newest that this library knows, or a negative errno.
template <class Host>
auto usable_abi(const Host& host) -> int {
    const int abi = host.landlock_abi();
    return abi > newest_abi ? newest_abi : abi == 0 ? -ENOSYS : abi;
}

/// Fails the step for a kernel that is not good enough. ENOSYS and EOPNOTSUPP come from the kernel;
/// EPERM comes from a container's filter that does not know Landlock.
template <class Start>
[[gnu::cold]] auto refuse_kernel(const Start& start, int abi) -> bool {
    if (abi == -ENOSYS)
        return start.fail("kernel", "has no Landlock", ENOSYS);
    if (abi == -EOPNOTSUPP)
        return start.fail("kernel", "has Landlock switched off (lsm= at its boot)", EOPNOTSUPP);
    if (abi < 0)
        return start.fail("kernel", "lets nobody here use Landlock", -abi);
    start.failure.describe("kernel", "is too old for all that is required: its Landlock ABI is ")
        .number(abi);
    return false;
}

/// Makes a ruleset of the newest ABI that works, and writes that to `abi`, 0 where none works: some
/// kernels report an ABI whose rights they do not know (EINVAL, E2BIG).
template <class Host>
auto open_ruleset(const Host& host, unsigned parts, int& abi) -> int {
    for (;; --abi) {
        const int ruleset =
            abi == 0 ? -EINVAL
                     : host.landlock_ruleset(landlock::rights(abi, parts), size_of_rights(abi));
        if (abi == 0 || (ruleset != -EINVAL && ruleset != -E2BIG))
            return ruleset;
    }
}

/// Allows `rule` below its path. `is_root` says whether that is the root directory.
template <class Start>
auto allow_path(const Start& start, int ruleset, std::uint64_t taken, const PathRule& rule,
                bool& is_root, const struct stat& root) -> bool {
    const auto& host = start.host();
    const int fd = host.open(AT_FDCWD, rule.path, O_PATH | O_CLOEXEC);
    if (fd == -ENOENT && rule.may_be_missing)
        return true;
    if (fd < 0)
        return start.fail(rule.path, fd);
    struct stat status;
    int error = host.status(fd, status);
    if (error >= 0) {
        const std::uint64_t possible = S_ISDIR(status.st_mode) ? ~0ULL : of_files;
        error = host.landlock_allow_path(ruleset, rule.rights & taken & possible, fd);
        is_root = is_root || (status.st_dev == root.st_dev && status.st_ino == root.st_ino);
    }
    host.close(fd);
    return start.check(error, rule.path);
}

template <class Start>
auto restrict_with(const Start& start, const Wanted& wanted, int ruleset,
                   const LandlockRights& taken) -> bool {
    const auto& host = start.host();
    struct stat root;
    bool is_root = false;
    if (!start.check(host.status(AT_FDCWD, "/", root), "/"))
        return false;
    for (std::size_t i = 0; i != wanted.path_count; ++i)
        if (!landlock::allow_path(start, ruleset, taken.files, wanted.paths[i], is_root, root))
            return false;
    for (std::size_t i = 0; taken.tcp != 0 && i != wanted.port_count; ++i) {
        const auto& rule = wanted.ports[i];
        const int error = host.landlock_allow_port(ruleset, rule.rights, rule.port);
        if (error < 0 && error != -EAFNOSUPPORT) // a kernel without TCP: nothing to allow
            return start.fail("TCP port", error);
    }
    if (!start.check(host.set_no_new_privileges(), "PR_SET_NO_NEW_PRIVS"))
        return false;
    if (const int error = host.landlock_restrict(ruleset); error < 0) // each upgrade adds one
        return error == -E2BIG
                   ? start.fail("kernel", "takes no more Landlock policies, one in the other",
                                E2BIG)
                   : start.fail("restrict", error);
    if (is_root)
        return true;
    // A sandbox may answer for the kernel, and claim that all is well.
    const int fd = host.open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return true;
    host.close(fd);
    return start.fail("restrict", "what was forbidden is still allowed");
}

/// Confines this process, and writes to `result` how far. Fails if the kernel refuses a path or
/// port of the policy, or if it has less than the policy requires.
template <class Start>
auto apply(const Start& start, const Wanted& wanted, Confinement& result) -> bool {
    const auto& host = start.host();
    int abi = landlock::usable_abi(host);
    if (abi < 0) {
        if (wanted.least_abi != 0)
            return landlock::refuse_kernel(start, abi);
        result = Confinement{0, wanted.parts};
        const bool is_known = abi == -ENOSYS || abi == -EOPNOTSUPP || abi == -EPERM;
        return is_known || start.fail("ABI", abi);
    }
    const int ruleset = landlock::open_ruleset(host, wanted.parts, abi);
    result = Confinement{abi, wanted.parts};
    if (ruleset < 0 && abi != 0)
        return start.fail("ruleset", ruleset);
    const bool is_enough = abi >= wanted.least_abi;
    if (abi == 0)
        return is_enough || landlock::refuse_kernel(start, -ENOSYS);
    const bool is_confined =
        is_enough
            ? landlock::restrict_with(start, wanted, ruleset, landlock::rights(abi, wanted.parts))
            : landlock::refuse_kernel(start, abi);
    host.close(ruleset);
    return is_confined;
}

} // namespace daemonizer::detail::landlock

#endif
