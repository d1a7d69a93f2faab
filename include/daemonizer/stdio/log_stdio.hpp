// SPDX-License-Identifier: BSL-1.0
// stdout and stderr appended to a log file.
#ifndef DAEMONIZER_STDIO_LOG_STDIO_HPP
#define DAEMONIZER_STDIO_LOG_STDIO_HPP

#include <daemonizer/stdio/detail/stdio_members.hpp>
#include <daemonizer/stdio/detail/targets.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// stdin null; stdout and stderr appended to a log, created 0640 where the umask allows.
/// `daemon.reopen()` opens it anew, after a rename. `LogStdio<"/var/log/x.log">` or
/// `LogStdio{path}`, whose characters the caller owns for as long as the handle lives.
///
/// A log directory is often writable for another user than root, so the log is trusted by the rule
/// of the pid file: no symbolic link ("is a symbolic link"), a regular file ("is not a regular
/// file") with one link ("has more than one name"), of root or of this process's user ("belongs to
/// another user"). Two things are good besides: a character device, such as /dev/null or a
/// terminal, and another user's file where no third user can have put it, such as a service user's
/// log that root opens: none of the directories above it is writable for everybody or belongs to
/// somebody else (above a sticky one such as /tmp: to anybody but root and this process's user).
///
/// The step is "stdio". It fails with EPERM and these words, or with the errno of open(2),
/// fstat(2), fcntl(2) or dup2(2).
template <fixed_string Path = "">
struct LogStdio : Text<Path> {
    constexpr LogStdio() requires(!Text<Path>::at_run_time) = default;
    constexpr explicit LogStdio(TextArgument path) requires Text<Path>::at_run_time
        : Text<Path>{path} {}
    template <class... Wrong>
        requires(Text<Path>::at_run_time && sizeof...(Wrong) != 1)
    constexpr explicit LogStdio(const Wrong&...) : Text<Path>{""} {
        static_assert(given_as_value<Wrong...>,
                      "daemonizer: LogStdio takes one path: LogStdio{path}");
    }

    /// Calls `keep(text)` for each text that reopen() reads.
    void each_text(auto keep) const { keep(this->characters()); }

    using slot = slots::stdio;
    using steps = step_list<detail::FindBaseDirectory, detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true;
    template <class Base>
    using members = detail::reopening_members<Base>;

    struct state : detail::Targets {
        [[no_unique_address]] detail::BaseDirectory<Text<Path>::is_absolute> base_directory;

        void each_descriptor(auto keep) const { base_directory.each_descriptor(keep); }
        static void each_text(auto) {}
        template <class Start>
        auto find_base_directory(const Start& start, const LogStdio& policy) -> bool {
            return base_directory.open(start, policy);
        }
        template <class Start>
        auto open(const Start& start, const LogStdio& policy) -> bool {
            return (this->in = detail::open_null(start, O_RDONLY)) >= 0 &&
                   (this->out = this->err = this->open_log(start, base_directory.directory(),
                                                           policy.characters())) >= 0;
        }
        template <class Host>
        auto reopen(Host host, const LogStdio& policy) -> const char* {
            return detail::reopen_onto<1, 2>(host, base_directory.directory(), policy.characters());
        }
    };
};
LogStdio(TextArgument)->LogStdio<>;
static_assert(StdioPolicy<LogStdio<"/x">> && StdioPolicy<LogStdio<>>);

} // namespace daemonizer

#endif
