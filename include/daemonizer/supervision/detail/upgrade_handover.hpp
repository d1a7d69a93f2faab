// SPDX-License-Identifier: BSL-1.0
// What an old program tells the new one, and how a trial is answered.
#ifndef DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_HANDOVER_HPP
#define DAEMONIZER_SUPERVISION_DETAIL_UPGRADE_HANDOVER_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/supervision/detail/stored_descriptors.hpp>
#include <daemonizer/supervision/detail/surroundings.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/toolchain/first_start.hpp>

#include <cstdint>
#include <sys/socket.h>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The only message on a socket that the daemon has made. The process that reads it is the daemon
/// itself, or its child: the kernel says who has made the socket, and the variable proves nothing.
struct UpgradeHandover {
    static constexpr std::uint32_t of_upgrade = 0x64617570;

    std::uint32_t mark;
    std::uint32_t size; ///< of this struct: another version of the library may have other fields
    pid_t daemon;
    int is_trial;
    int pid_file;      ///< a descriptor of it, or -1
    int notify;        ///< the descriptor that NOTIFY_SOCKET names by its number, or -1
    int failures;      ///< how often the new program has failed in the daemon's place
    int is_supervised; ///< AutoFork has found a supervisor in the first start
    StoredDescriptors stored;
};

struct UpgradeState {
    FirstStart first;
    Surroundings surroundings;
    StoredDescriptors stored;
    int report = -1;           ///< in a trial, the way to the daemon
    int pid_file = -1;         ///< handed over
    int notify = -1;           ///< handed over; stays open for the next attempt
    bool is_continued = false; ///< an older program has executed this one
    bool is_trial = false;
    bool is_wanted = false;     ///< wait() has returned the signal
    bool is_settled = false;    ///< the start has succeeded, and its end gives all back
    bool is_supervised = false; ///< AutoFork has found a supervisor in the first start
    int failures = 0;           ///< how often starting in the daemon's place has failed

    void each_descriptor(auto keep) const {
        stored.each_descriptor(keep);
        keep(report);
        keep(surroundings.directory);
    }
    static void each_text(auto) {} ///< the undo reads none

    template <class Host>
    void close(const Host& host) {
        if (is_continued && !is_settled)
            return; // the next attempt needs the descriptors
        first.release(host);
        surroundings.close(host);
        if (notify >= 0)
            host.close(notify);
        notify = -1;
        stored.each_descriptor([&host](int fd) { host.close(fd); });
        stored.count = 0;
    }
};

/// Reads what an older program has left. Returns false where there was none.
template <class Host>
[[gnu::cold]] auto receive_upgrade(const Host& host, UpgradeState& state) -> bool {
    const int fd = detail::take_handover(host);
    if (fd < 0)
        return false;
    UpgradeHandover from;
    const pid_t maker = detail::insist([&] { return host.peer(fd); });
    if (maker <= 0 || (maker != host.pid() && maker != host.parent()))
        return false;
    host.close_on_exec(fd);
    const long size =
        detail::insist([&] { return host.receive(fd, &from, sizeof from, MSG_DONTWAIT); });
    if (size != sizeof from || from.mark != UpgradeHandover::of_upgrade ||
        from.size != sizeof from || from.daemon != maker ||
        (from.is_trial == 0) != (maker == host.pid()) || from.stored.count < 0 ||
        from.stored.count > StoredDescriptors::capacity)
        return false;
    state.is_continued = true;
    state.is_trial = from.is_trial != 0;
    state.stored = from.stored;
    state.pid_file = from.pid_file;
    state.notify = from.notify;
    state.failures = from.failures;
    state.is_supervised = from.is_supervised != 0;
    state.stored.each_descriptor([&host](int stored) { host.close_on_exec(stored); });
    if (from.pid_file >= 0)
        host.close_on_exec(from.pid_file);
    if (from.notify >= 0)
        host.close_on_exec(from.notify);
    if (state.is_trial)
        state.report = fd;
    else
        host.close(fd);
    return true;
}

} // namespace daemonizer::detail

#endif
