// SPDX-License-Identifier: BSL-1.0
// Takes a program's own options out of its arguments, so that command_line() finds its words alone.
#ifndef DAEMONIZER_SERVICE_TAKE_OPTION_HPP
#define DAEMONIZER_SERVICE_TAKE_OPTION_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// Remembers which arguments were taken: they stand in `argv` from number `left` to `end`. Nothing
/// behind `end` is read, so that no null pointer is needed there.
struct TakenWords {
    char** argv = nullptr;
    int left = 0, end = 0;

    /// Returns where the taken arguments of a list end: at its `argc` if none was taken from it.
    auto end_of(int argc, char** list) const -> int {
        int last = argc;
        while (list == argv && argc == left && last < end && list[last] != nullptr)
            ++last;
        return last;
    }
};
inline TakenWords taken_words;

/// Moves the argument at `from` behind those that are left.
inline void take_word(int& argc, char** argv, int from) {
    const int end = taken_words.end_of(argc, argv);
    char* const taken = argv[from];
    for (int i = from; i + 1 < end; ++i)
        argv[i] = argv[i + 1];
    argv[end - 1] = taken;
    taken_words = {argv, --argc, end};
}

} // namespace detail

/// Takes an option of the program's own, `--name VALUE` or `--name=VALUE`, out of the arguments.
/// Returns its value, which stays the caller's, or null if the option is not given. An option
/// without a value stays, and command_line() refuses it; so does an option that is given a second
/// time. The taken arguments stand behind those that are left, and `unit` repeats them: hand the
/// same `argv` to command_line(). Not for several threads at once.
inline auto take_option(int& argc, char** argv, const char* name) -> const char* {
    const std::size_t length = std::strlen(name);
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], name, length) != 0)
            continue;
        const char* const rest = argv[i] + length;
        if (*rest == '=') {
            detail::take_word(argc, argv, i);
            return rest + 1;
        }
        if (*rest == '\0' && i + 1 < argc) {
            const char* const value = argv[i + 1];
            detail::take_word(argc, argv, i);
            detail::take_word(argc, argv, i);
            return value;
        }
    }
    return nullptr;
}

/// Takes an option that has no value, `--name`, out of the arguments, as take_option() does.
/// Returns whether it is given. `--name=VALUE` is another option, and a second `--name` stays.
inline auto take_flag(int& argc, char** argv, const char* name) -> bool {
    for (int i = 1; i < argc; ++i)
        if (std::strcmp(argv[i], name) == 0) {
            detail::take_word(argc, argv, i);
            return true;
        }
    return false;
}

} // namespace daemonizer

#endif
