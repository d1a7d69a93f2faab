// SPDX-License-Identifier: BSL-1.0
// Log lines on stderr, for a supervisor that collects them.
#ifndef DAEMONIZER_LOGGING_STDERR_LOG_HPP
#define DAEMONIZER_LOGGING_STDERR_LOG_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/logging/detail/calendar_time.hpp>
#include <daemonizer/logging/detail/journal_stream.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <cstdlib>
#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Writes `daemon.log(priority, text)` and what goes wrong after ready as lines on stderr. If
/// stderr is the journal's ($JOURNAL_STREAM names it by device and inode, or JournalStdio has made
/// it), a line begins with "<N>", which journald takes for the priority. Elsewhere it begins with
/// the time (UTC) and the priority's name. Each line is one write(2), so that lines of several
/// processes do not mix. Async-signal-safe once started. Cannot fail. Source: sd-daemon(3);
/// systemd.exec(5),
/// "$JOURNAL_STREAM".
struct StderrLog {
    static constexpr bool is_on_stderr = true; ///< a monitor may write a line in its place

    struct state {
        const char* journal = nullptr; ///< $JOURNAL_STREAM, in the environment
        bool is_journal = false;
    };

    /// Runs in the launcher, before CleanEnvironment removes the variable. It also asks for
    /// JournalStdio, since a monitor does not run Look.
    struct Read : step<phase::check> {
        static constexpr const char* name = "log";

        static auto run(const auto& start, const auto& policy) -> bool {
            auto& state = start.state(policy);
            state.journal = std::getenv("JOURNAL_STREAM");
            state.is_journal = detail::has_journal_policy<std::remove_cvref_t<decltype(start)>>;
            return true;
        }
    };

    /// Runs once stderr is what it will be.
    struct Look : step<phase::stdio> {
        static constexpr const char* name = "log";

        static auto run(const auto& start, const auto& policy) -> bool {
            struct stat stream {};
            auto& state = start.state(policy);
            state.is_journal = detail::has_journal_on_stderr(start) ||
                               (state.journal != nullptr && start.host().status(2, stream) >= 0 &&
                                detail::names_stream(state.journal, stream));
            return true;
        }
    };

    static void write_line(const auto& host, const auto&, auto& state, int priority,
                           const char* text) {
        static constexpr const char* names[] = {"emerg",   "alert",  "crit", "err",
                                                "warning", "notice", "info", "debug"};
        const int level = priority & 7;
        char line[1024];
        detail::LineWriter writer{line, sizeof line};
        if (state.is_journal) {
            writer.text("<").number(level).text(">");
        } else {
            char time[detail::calendar_time_size];
            writer.text(detail::calendar_time(host.wall_clock(), time)).text(" ");
            writer.text(names[level]).text(": ");
        }
        writer.text(text, 1).end_of_line();
        host.write(2, line, static_cast<std::size_t>(writer.end() - line));
    }

    using slot = slots::log;
    using steps = step_list<Read, Look>;
};
static_assert(Policy<StderrLog>);

} // namespace daemonizer

#endif
