// SPDX-License-Identifier: BSL-1.0
// stdout and stderr as streams of journald.
#ifndef DAEMONIZER_STDIO_JOURNAL_STDIO_HPP
#define DAEMONIZER_STDIO_JOURNAL_STDIO_HPP

#include <daemonizer/compose/text.hpp>
#include <daemonizer/stdio/detail/journal_connection.hpp>
#include <daemonizer/stdio/detail/stdio_members.hpp>
#include <daemonizer/stdio/detail/targets.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// stdin null; stdout and stderr each a stream to journald, with priority info and err where a line
/// does not begin with "<N>". `JournalStdio<"clockd">` or `JournalStdio{ident}`, whose characters
/// the caller owns for as long as the handle lives; `ident` is what `journalctl -t` looks for. They
/// are connected in the daemon, since journald takes the process that connects for the one that
/// writes. journald keeps them when it is restarted.
/// Fails with the errno of socket(2) or connect(2), ENOENT where no journald runs.
/// Source: systemd-journald.service(8), "Stream logging".
template <fixed_string Ident = "">
struct JournalStdio : Text<Ident> {
    constexpr JournalStdio() requires(!Text<Ident>::at_run_time) = default;
    constexpr explicit JournalStdio(TextArgument ident) requires Text<Ident>::at_run_time
        : Text<Ident>{ident} {}
    template <class... Wrong>
        requires(Text<Ident>::at_run_time && sizeof...(Wrong) != 1)
    constexpr explicit JournalStdio(const Wrong&...) : Text<Ident>{""} {
        static_assert(given_as_value<Wrong...>,
                      "daemonizer: JournalStdio takes one text: JournalStdio{ident}");
    }

    /// Calls `keep(text)` for each text that reopen() reads.
    void each_text(auto keep) const { keep(this->characters()); }

    using slot = slots::stdio;
    using steps = step_list<detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true, is_journal = true; ///< StderrLog asks for the latter
    template <class Base>
    using members = detail::refusing_to_reopen<Base>;

    struct state : detail::Targets {
        template <class Start>
        auto open(const Start& start, const JournalStdio& policy) -> bool {
            return (this->in = detail::open_null(start, O_RDONLY)) >= 0 &&
                   (this->out = detail::open_journal(start, policy.characters(), info)) >= 0 &&
                   (this->err = detail::open_journal(start, policy.characters(), error)) >= 0;
        }
        /// For a monitor's child, which becomes the daemon.
        template <class Host>
        static auto reopen(Host host, const JournalStdio& policy) -> const char* {
            const char* const why = detail::reopen_journal(host, 1, policy.characters(), info);
            return why != nullptr ? why
                                  : detail::reopen_journal(host, 2, policy.characters(), error);
        }

    private:
        static constexpr int info = 6, error = 3; // of syslog(3)
    };
};
JournalStdio(TextArgument)->JournalStdio<>;
static_assert(StdioPolicy<JournalStdio<"x">> && StdioPolicy<JournalStdio<>>);

} // namespace daemonizer

#endif
