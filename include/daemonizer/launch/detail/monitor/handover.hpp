// SPDX-License-Identifier: BSL-1.0
// What a monitor tells a daemon that it starts from the program's file.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_HANDOVER_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_HANDOVER_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/toolchain/first_start.hpp>

#include <cstdint>
#include <signal.h>
#include <sys/socket.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The first message on the report's socket, from the monitor. The variable alone makes nobody a
/// monitored daemon: the socket must have been made by the parent of the process that reads it, and
/// only that can have left it open.
struct Handover {
    static constexpr std::uint32_t of_monitor = 0x64616d32;

    std::uint32_t mark;
    pid_t monitor;
    int pid_file;      ///< a descriptor of it, or -1
    int notify;        ///< the descriptor that NOTIFY_SOCKET names by its number, or -1
    bool is_last_word; ///< the monitor has given up: the process only says so
    bool is_said;      ///< the log has the reason already
    Failure reason;    ///< why the daemon is started anew
};

/// The descriptor of the report where this process was started by a monitor, which ends it when it
/// ends itself; else -1.
template <class Host>
[[gnu::cold]] auto receive_handover(const Host& host, Handover& handover) -> int {
    const int fd = detail::take_handover(host);
    if (fd < 0)
        return -1;
    const pid_t parent = host.parent();
    if (parent <= 0 || detail::insist([&] { return host.peer(fd); }) != parent)
        return -1;
    host.close_on_exec(fd);
    const long size =
        detail::insist([&] { return host.receive(fd, &handover, sizeof handover, MSG_DONTWAIT); });
    if (size != sizeof handover || handover.mark != Handover::of_monitor ||
        handover.monitor != parent)
        return -1;
    handover.reason.sanitise();
    return fd;
}

/// The monitor's death ends this process from now on. The kernel tells only of later deaths, so the
/// parent is looked at afterwards. Returns 0 or a negative errno; -ESRCH where it is gone.
template <class Host>
[[gnu::visibility("hidden")]] auto die_with(const Host& host, pid_t monitor) -> int {
    const int error = host.set_parent_death_signal(SIGKILL);
    return error < 0 ? error : host.parent() == monitor ? 0 : -ESRCH;
}

} // namespace daemonizer::detail

#endif
