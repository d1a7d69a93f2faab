// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_STDIO_HPP
#define DAEMONIZER_STDIO_HPP

#include <daemonizer/detail/stdio_members.hpp>
#include <daemonizer/detail/stdio_targets.hpp>

namespace daemonizer {

/// Descriptors 0-2 stay what the starter gave.
struct KeepStdio {
    using slot = slots::stdio;
    using steps = step_list<>;
    static constexpr bool replaces = false;
    template <class Base>
    using members = detail::refusing_to_reopen<Base>;
};
static_assert(StdioPolicy<KeepStdio>);

namespace detail {

/// 0-2 in the foreground, of a composition that may have a log: there is none of ours to reopen.
struct ForegroundStdio : KeepStdio {
    struct state {
        static auto reopen(const auto&, const ForegroundStdio&) -> const char* { return nullptr; }
    };
    template <class Base>
    using members = reopening_members<Base>;
};

} // namespace detail

/// All three on /dev/null (APUE 13.3 rule 6; daemon(7) step 9): never merely closed, or the next
/// file that is opened becomes stdout. The default.
struct NullStdio {
    using slot = slots::stdio;
    using steps = step_list<detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true;
    template <class Base>
    using members = detail::refusing_to_reopen<Base>;

    struct state : detail::OneTarget {
        template <class Start>
        auto open(const Start& start, const NullStdio&) -> bool {
            return (this->fd = detail::open_null(start, O_RDWR)) >= 0;
        }
    };
};
static_assert(StdioPolicy<NullStdio>);

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

    using slot = slots::stdio;
    using steps = step_list<detail::FindOrigin, detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true;
    template <class Base>
    using members = detail::reopening_members<Base>;

    struct state : detail::Targets {
        [[no_unique_address]] detail::Origin<Text<Path>::is_absolute> origin;

        void each_descriptor(auto keep) const { origin.each_descriptor(keep); }
        static void each_text(auto) {}
        template <class Start>
        auto find_origin(const Start& start, const LogStdio& policy) -> bool {
            return origin.open(start, policy);
        }
        template <class Start>
        auto open(const Start& start, const LogStdio& policy) -> bool {
            return (this->in = detail::open_null(start, O_RDONLY)) >= 0 &&
                   (this->out = this->err =
                        this->open_log(start, origin.directory(), policy.characters())) >= 0;
        }
        template <class Host>
        auto reopen(Host host, const LogStdio& policy) -> const char* {
            return detail::reopen_onto<1, 2>(host, origin.directory(), policy.characters());
        }
    };
};
LogStdio(TextArgument)->LogStdio<>;
static_assert(StdioPolicy<LogStdio<"/x">> && StdioPolicy<LogStdio<>>);

/// A file each: stdin read, stdout and stderr appended as LogStdio does it. Either all three as
/// template arguments or all three as pointers. Each is trusted by LogStdio's rule; the input may
/// also be a FIFO, which is opened whether somebody writes to it or not, and a symbolic link.
template <fixed_string In = "", fixed_string Out = "", fixed_string Err = "">
struct FileStdio {
    template <class>
    static constexpr void check() {
        static_assert(Text<In>::at_run_time == Text<Out>::at_run_time &&
                          Text<In>::at_run_time == Text<Err>::at_run_time,
                      "daemonizer: FileStdio takes three texts, or none of them at compile time");
    }
    static constexpr bool absolute =
        Text<In>::is_absolute && Text<Out>::is_absolute && Text<Err>::is_absolute;

    // Distinct types, so that three empty ones take no room.
    template <int, class T>
    struct File : T {
        using T::T;
        constexpr File() requires(!T::at_run_time) = default;
        constexpr File() requires T::at_run_time : T{nullptr} {} // refused by check()
    };
    [[no_unique_address]] File<0, Text<In>> in;
    [[no_unique_address]] File<1, Text<Out>> out;
    [[no_unique_address]] File<2, Text<Err>> err;

    constexpr FileStdio() requires(!Text<In>::at_run_time) = default;
    constexpr FileStdio(TextArgument input, TextArgument output,
                        TextArgument error) requires Text<In>::at_run_time : in{input},
                                                                             out{output},
                                                                             err{error} {}

    using slot = slots::stdio;
    using steps = step_list<detail::FindOrigin, detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true;
    template <class Base>
    using members = detail::reopening_members<Base>;

    struct state : detail::Targets {
        [[no_unique_address]] detail::Origin<absolute> origin;

        void each_descriptor(auto keep) const { origin.each_descriptor(keep); }
        static void each_text(auto) {}
        template <class Start>
        auto find_origin(const Start& start, const FileStdio& policy) -> bool {
            return origin.open(start, policy.in) && origin.open(start, policy.out) &&
                   origin.open(start, policy.err);
        }
        template <class Start>
        auto open(const Start& start, const FileStdio& policy) -> bool {
            const int from = origin.directory();
            return (this->in = this->open_input(start, from, policy.in.characters())) >= 0 &&
                   (this->out = this->open_log(start, from, policy.out.characters())) >= 0 &&
                   (this->err = this->open_log(start, from, policy.err.characters())) >= 0;
        }
        template <class Host>
        auto reopen(Host host, const FileStdio& policy) -> const char* {
            const int from = origin.directory();
            const char* const why = detail::reopen_onto<1>(host, from, policy.out.characters());
            return why != nullptr ? why
                                  : detail::reopen_onto<2>(host, from, policy.err.characters());
        }
    };
};
FileStdio(TextArgument, TextArgument, TextArgument)->FileStdio<>;
static_assert(StdioPolicy<FileStdio<"/in", "/out", "/err">> && StdioPolicy<FileStdio<>>);

} // namespace daemonizer

#endif
