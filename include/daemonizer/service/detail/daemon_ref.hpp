// SPDX-License-Identifier: BSL-1.0
// Holds on to the process that a pid file names, so that no other one is signalled.
#ifndef DAEMONIZER_SERVICE_DETAIL_DAEMON_REF_HPP
#define DAEMONIZER_SERVICE_DETAIL_DAEMON_REF_HPP

#include <daemonizer/service/detail/pid_file_view.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/time_span.hpp>

#include <cerrno>
#include <poll.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds on to the daemon of a pid file, so that a signal goes to it or to nobody. Reads the
/// number, opens a pidfd on it, and only then asks for the lock again: a process that still holds
/// byte 1 under this number is the one that the pidfd means. Where pidfds are missing (Linux
/// before 5.3, some sandboxes, valgrind) it asks for the lock right before each kill(2), and takes
/// the daemon for gone when the lock is released.
template <class Host>
class DaemonRef {
public:
    DaemonRef(Host host, const char* pid_file) : host_{host}, view_{host, pid_file} {
        status_ = view_.settled();
        if (status_.what != ServiceStatus::state::running)
            return;
        process_ = host_.open_process(status_.pid);
        if (process_ == -ESRCH || view_.holder() != status_.pid)
            status_ = {ServiceStatus::state::stopped, 0, 0, 0, ""}; // it has just gone
    }
    DaemonRef(const DaemonRef&) = delete;
    auto operator=(const DaemonRef&) -> DaemonRef& = delete;
    ~DaemonRef() {
        if (process_ >= 0)
            host_.close(process_);
    }

    /// Returns running, or why there is nothing to hold on to.
    auto status() const -> const ServiceStatus& { return status_; }

    /// Returns 0 or a negative errno; -ESRCH where the daemon is gone.
    auto signal(int number) const -> int {
        if (process_ >= 0)
            if (const int error = host_.signal_process(process_, number); error != -ENOSYS)
                return error;
        if (view_.holder() != status_.pid)
            return -ESRCH;
        return host_.signal(status_.pid, number);
    }

    /// Waits until the daemon is gone. Returns false at the end of `seconds`.
    auto wait_until_gone(int seconds) const -> bool {
        const long long deadline = host_.now() + seconds * 1'000'000'000LL;
        for (;;) {
            const long long left = deadline - host_.now();
            if (is_gone(left > 0 ? left : 0))
                return true;
            if (left <= 0)
                return false;
        }
    }

private:
    /// Sleeps until the daemon is gone, at most `limit` ns.
    auto is_gone(long long limit) const -> bool {
        if (process_ < 0 && view_.holder() != status_.pid)
            return true;
        constexpr long long slice = 10'000'000;
        if (process_ < 0 && limit > slice)
            limit = slice;
        const timespec time = detail::timespec_of(limit);
        pollfd entry{process_, POLLIN, 0}; // poll passes over a negative descriptor
        return host_.poll(&entry, 1, &time, nullptr) > 0;
    }

    [[no_unique_address]] Host host_;
    PidFileView<Host> view_;
    ServiceStatus status_;
    int process_ = -ENOSYS;
};

} // namespace daemonizer::detail

#endif
