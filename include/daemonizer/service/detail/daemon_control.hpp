// SPDX-License-Identifier: BSL-1.0
// Signals a daemon, and waits for its end.
#ifndef DAEMONIZER_SERVICE_DETAIL_DAEMON_CONTROL_HPP
#define DAEMONIZER_SERVICE_DETAIL_DAEMON_CONTROL_HPP

#include <daemonizer/service/control_result.hpp>
#include <daemonizer/service/detail/daemon_ref.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>

#include <cerrno>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Signals the daemon that a pid file names, and says what became of it.
template <class Host>
class DaemonControl {
    using state = ServiceStatus::state;
    using outcome = ControlResult::outcome;

public:
    DaemonControl(Host host, const char* pid_file) : daemon_{host, pid_file} {}

    auto signal(int number) const -> ControlResult {
        return has_daemon() ? answer(daemon_.signal(number)) : nobody();
    }

    /// Sends each signal in turn, until the daemon is gone, and SIGCONT after each, as systemd
    /// does.
    auto stop(Schedule schedule) const -> ControlResult {
        if (!has_daemon())
            return nobody();
        for (const auto [number, seconds] : schedule) {
            const int error = daemon_.signal(number);
            if (error < 0 && error != -ESRCH)
                return answer(error);
            daemon_.signal(SIGCONT); // a suspended daemon acts on no other signal but KILL
            if (daemon_.wait_until_gone(seconds))
                return answer(0);
        }
        return {outcome::still_running, daemon_.status().pid, 0, ""};
    }

    auto wait_until_gone(int seconds) const -> ControlResult {
        if (!has_daemon())
            return nobody();
        if (daemon_.wait_until_gone(seconds))
            return answer(0);
        return {outcome::still_running, daemon_.status().pid, 0, ""};
    }

private:
    auto has_daemon() const -> bool { return daemon_.status().what == state::running; }

    auto nobody() const -> ControlResult {
        const ServiceStatus& status = daemon_.status();
        if (status.what == state::unknown)
            return {outcome::refused, 0, status.code, status.reason};
        if (status.what == state::starting)
            return {outcome::refused, 0, EAGAIN, "is being started and has no pid yet"};
        return {outcome::not_running, 0, 0, ""};
    }

    auto answer(int error) const -> ControlResult {
        if (error == -ESRCH)
            return {outcome::not_running, 0, 0, ""};
        if (error < 0)
            return {outcome::refused, daemon_.status().pid, -error, detail::error_text(-error)};
        return {outcome::done, daemon_.status().pid, 0, ""};
    }

    DaemonRef<Host> daemon_;
};

} // namespace daemonizer::detail

#endif
