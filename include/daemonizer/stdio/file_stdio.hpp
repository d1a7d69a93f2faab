// SPDX-License-Identifier: BSL-1.0
// A file for each of stdin, stdout and stderr.
#ifndef DAEMONIZER_STDIO_FILE_STDIO_HPP
#define DAEMONIZER_STDIO_FILE_STDIO_HPP

#include <daemonizer/stdio/detail/stdio_members.hpp>
#include <daemonizer/stdio/detail/targets.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// A file each: stdin read, stdout and stderr appended as LogStdio does it. Either all three as
/// template arguments or all three as pointers. Each is trusted by LogStdio's rule; the input may
/// also be a FIFO, which is opened whether somebody writes to it or not, and a symbolic link. Fails
/// as LogStdio does. Source: open(2).
template <fixed_string In = "", fixed_string Out = "", fixed_string Err = "">
struct FileStdio {
    template <class>
    static constexpr void check() {
        static_assert(Text<In>::at_run_time == Text<Out>::at_run_time &&
                          Text<In>::at_run_time == Text<Err>::at_run_time,
                      "daemonizer: FileStdio takes three texts, or none of them at compile time");
    }
    static constexpr bool at_run_time = Text<In>::at_run_time;
    static constexpr bool text_is_whole = In.ends_once() && Out.ends_once() && Err.ends_once();
    /// Whether all three are known to be absolute paths.
    static constexpr bool absolute =
        Text<In>::is_absolute && Text<Out>::is_absolute && Text<Err>::is_absolute;

    /// One of the three texts. The types are distinct, so that three empty ones take no room.
    template <int, class T>
    struct File : T {
        using T::T;
        constexpr File() requires(!T::at_run_time) = default;
        constexpr File() requires T::at_run_time // refused by check()
            : T{static_cast<const char*>(nullptr)} {}
    };
    [[no_unique_address]] File<0, Text<In>> in;   ///< what becomes stdin
    [[no_unique_address]] File<1, Text<Out>> out; ///< what becomes stdout
    [[no_unique_address]] File<2, Text<Err>> err; ///< what becomes stderr

    constexpr FileStdio() requires(!Text<In>::at_run_time) = default;
    constexpr FileStdio(TextArgument input, TextArgument output,
                        TextArgument error) requires Text<In>::at_run_time : in{input},
                                                                             out{output},
                                                                             err{error} {}
    template <class... Wrong>
        requires(at_run_time && sizeof...(Wrong) != 3)
    constexpr explicit FileStdio(const Wrong&...) : in{""}, out{""}, err{""} {
        static_assert(given_as_value<Wrong...>,
                      "daemonizer: FileStdio takes three paths: FileStdio{in, out, err}");
    }

    /// Calls `keep(text)` for each text that reopen() reads.
    void each_text(auto keep) const {
        keep(out.characters());
        keep(err.characters());
    }

    using slot = slots::stdio;
    using steps = step_list<detail::FindBaseDirectory, detail::OpenTargets, detail::ReplaceStdio>;
    static constexpr bool replaces = true;
    template <class Base>
    using members = detail::reopening_members<Base>;

    struct state : detail::Targets {
        [[no_unique_address]] detail::BaseDirectory<absolute> base_directory;

        void each_descriptor(auto keep) const { base_directory.each_descriptor(keep); }
        static void each_text(auto) {}
        template <class Start>
        auto find_base_directory(const Start& start, const FileStdio& policy) -> bool {
            return base_directory.open(start, policy.in) &&
                   base_directory.open(start, policy.out) && base_directory.open(start, policy.err);
        }
        template <class Start>
        auto open(const Start& start, const FileStdio& policy) -> bool {
            const int from = base_directory.directory();
            return (this->in = this->open_input(start, from, policy.in.characters())) >= 0 &&
                   (this->out = this->open_log(start, from, policy.out.characters())) >= 0 &&
                   (this->err = this->open_log(start, from, policy.err.characters())) >= 0;
        }
        template <class Host>
        auto reopen(Host host, const FileStdio& policy) -> const char* {
            const int from = base_directory.directory();
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
