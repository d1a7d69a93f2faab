// SPDX-License-Identifier: BSL-1.0
// The phases of a start, and why each stands where it does.
#ifndef DAEMONIZER_COMPOSE_PHASE_HPP
#define DAEMONIZER_COMPOSE_PHASE_HPP

#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Decides when a step runs. The list is closed, and its order is what the library knows: at
/// another place a step would lose a start, leak something, or open a race.
enum class phase {
    /// In the launcher, whose terminal still shows errors: paths, users, one thread only, pid file
    /// locked. Refusing here costs no process.
    check,
    /// Flush, fork, setsid, fork (daemon(7) steps 4-8). The fork policy's own; all later phases run
    /// in the daemon. Flushed before the fork, or both sides write the same buffer.
    detach,
    /// umask, working directory, limits. Before anything is created, so that it gets these modes;
    /// environment and priority, while the rights of the starter are there.
    session,
    /// The pid is written: only now is it final, and it must be on disk before ready.
    record,
    /// Dispositions and mask. Before the body, so that SIGHUP is collected before ready is said.
    signals,
    /// Inherited descriptors closed. Before targets, so that what those open survives.
    descriptors,
    /// Log files, /dev/null, syslog opened: with the starter's rights, outside any chroot.
    targets,
    /// chroot, bounding set, groups, user, capabilities, no_new_privs: dropped after everything
    /// that needs them, each before the one whose loss takes the right to drop it.
    identity,
    /// 0, 1 and 2 replaced, by dup2 alone. Late: until here an error has the terminal.
    stdio,
    /// The pid file names the daemon (byte 1) whatever was closed before. Last: closing any
    /// descriptor of the file, such as an inherited one, releases that lock.
    named,
};

} // namespace daemonizer

#endif
