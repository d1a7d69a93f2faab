// SPDX-License-Identifier: BSL-1.0
// Makes the system calls: the host that a composition has unless it names another.
#ifndef DAEMONIZER_HOST_POSIX_HOST_HPP
#define DAEMONIZER_HOST_POSIX_HOST_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/host/detail/confinement_calls.hpp>
#include <daemonizer/host/detail/exec_calls.hpp>
#include <daemonizer/host/detail/file_calls.hpp>
#include <daemonizer/host/detail/process_calls.hpp>
#include <daemonizer/host/detail/report_calls.hpp>
#include <daemonizer/host/detail/signal_calls.hpp>
#include <daemonizer/host/detail/socket_calls.hpp>
#include <daemonizer/host/detail/syslog_calls.hpp>
#include <daemonizer/host/detail/timer_calls.hpp>
#include <daemonizer/host/identity_calls.hpp>
#include <daemonizer/host/raw_syscall_host.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// The host makes the system calls. Every call answers what the system call answers, or the
/// negative errno. Calls that a signal can interrupt are made again, except poll and those that
/// wait for a signal, whose callers have a deadline to look at. All are async-signal-safe but
/// flush, at_exit, leave and those of syslog.
///
/// A host of one's own derives from it and hides what is to be different; which calls a start needs
/// say the concepts in compose/start/host_facets.hpp.
struct PosixHost : detail::ConfinementCalls,
                   detail::ExecCalls,
                   detail::FileCalls,
                   detail::IdentityCalls,
                   detail::ProcessCalls,
                   detail::ReportCalls,
                   detail::SignalCalls,
                   detail::SocketCalls,
                   detail::SyslogCalls,
                   detail::TimerCalls {
    using slot = slots::host;
    using steps = step_list<>;
#if DAEMONIZER_HAS_RAW_CALLS && DAEMONIZER_MAY_SHARE_MEMORY
    /// The host of a launcher that only waits and leaves. A host that names none is that itself.
    using raw = detail::RawHost;
#endif

    using detail::FileCalls::change_directory;     // to a path
    using detail::IdentityCalls::change_directory; // to what a descriptor names
};

} // namespace daemonizer

#endif
