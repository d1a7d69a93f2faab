// SPDX-License-Identifier: BSL-1.0
// libc's functions for syslog.
#ifndef DAEMONIZER_HOST_DETAIL_SYSLOG_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_SYSLOG_CALLS_HPP

#include <daemonizer/system/abi.hpp>

#include <syslog.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// closelog(3), or null where nothing else in the program refers to it: a static program that has
/// no syslog(3) does not get it for this.
[[gnu::weakref("closelog"), maybe_unused]] static void closelog_if_linked();

/// A part of PosixHost. None is async-signal-safe.
struct SyslogCalls {
    /// openlog(3), at once. The characters of `ident` stay the caller's, and are used until
    /// close_log().
    static void open_log(const char* ident, int facility) {
        ::openlog(ident, LOG_PID | LOG_NDELAY, facility);
    }
    /// setlogmask(3).
    static void set_log_mask(int mask) { ::setlogmask(mask); }
    /// syslog(3); the text is no format.
    static void log(int priority, const char* text) { ::syslog(priority, "%s", text); }
    /// closelog(3).
    static void close_log() { ::closelog(); }
    /// As close_log(), where the program can have spoken to syslog at all.
    static void disconnect_log() {
        if (closelog_if_linked != nullptr)
            closelog_if_linked();
    }
};

} // namespace daemonizer::detail

#endif
