// SPDX-License-Identifier: BSL-1.0
// Syslog: log lines for syslog(3).
#ifndef DAEMONIZER_LOGGING_SYSLOG_HPP
#define DAEMONIZER_LOGGING_SYSLOG_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/files/descriptor.hpp>

#include <fcntl.h>
#include <syslog.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// openlog(3) with its descriptor opened at its place in the start: with the starter's rights and
/// outside any chroot. The program's own syslog(3) calls use it, `daemon.log(priority, text)` too,
/// and what goes wrong after ready is said there. Priorities outside of `Mask` are dropped
/// (`LOG_UPTO(LOG_INFO)`, see setlogmask(3)). closelog at the end. A missing syslog is no error:
/// libc connects when it comes. One that nobody reads makes syslog(3), and so `daemon.log`, wait.
/// Fails as step "syslog" with the errno of open(2), of /dev/null. The caller owns the characters
/// of `Syslog{ident}` for as long as the daemon lives.
template <fixed_string Ident = "", int Facility = LOG_DAEMON, int Mask = LOG_UPTO(LOG_DEBUG)>
struct Syslog : Text<Ident> {
    constexpr Syslog() requires(!Text<Ident>::at_run_time) = default;
    constexpr explicit Syslog(TextArgument ident) requires Text<Ident>::at_run_time
        : Text<Ident>{ident} {}
    template <class... Wrong>
        requires(Text<Ident>::at_run_time && sizeof...(Wrong) != 1)
    constexpr explicit Syslog(const Wrong&...) : Text<Ident>{""} {
        static_assert(given_as_value<Wrong...>,
                      "daemonizer: Syslog takes one text: Syslog{ident}; a facility is a template "
                      "argument: Syslog<\"ident\", LOG_LOCAL0>");
    }

    template <class>
    static constexpr void check() {
        static_assert((Facility & ~LOG_FACMASK) == 0 && Facility != 0 && Facility <= LOG_LOCAL7,
                      "daemonizer: Syslog takes a facility such as LOG_DAEMON or LOG_LOCAL0; "
                      "LOG_ERR and its like are priorities");
        static_assert(Mask > 0 && Mask <= LOG_UPTO(LOG_DEBUG),
                      "daemonizer: Syslog takes a mask such as LOG_UPTO(LOG_INFO)");
    }

    struct Open : undoable_step<phase::targets> {
        static constexpr const char* name = "syslog";

        static auto run(const auto& start, const auto& policy) -> bool {
            const auto& host = start.host();
            host.close_log(); // the program's own connection may be on 0-2
            // libc says nothing of the descriptor that it opens: see that 0-2 are taken, or a later
            // dup2, or the body's output, would hit it.
            int filler;
            do
                filler = host.open(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC | O_NOCTTY);
            while (filler >= 0 && filler <= 2);
            if (!start.check(filler, "/dev/null"))
                return false;
            host.close(filler);
            host.open_log(policy.characters(), Facility);
            if constexpr (Mask != LOG_UPTO(LOG_DEBUG))
                host.set_log_mask(Mask);
            return true;
        }
        static void undo(auto host, const auto&, auto&) { host.close_log(); }
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
    };
    /// Connects by itself where Open has not run, or where the connection was closed.
    static void write_line(const auto& host, const auto&, auto&, int priority, const char* text) {
        host.log(priority, text);
    }

    using slot = slots::log;
    using steps = step_list<Open>;
};
Syslog(TextArgument)->Syslog<>;
static_assert(Policy<Syslog<"clockd">> && Policy<Syslog<>>);

} // namespace daemonizer

#endif
