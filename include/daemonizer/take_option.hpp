// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_TAKE_OPTION_HPP
#define DAEMONIZER_TAKE_OPTION_HPP

#include <cstddef>
#include <cstring>

namespace daemonizer {

/// Takes an option of the program's own, `--name VALUE` or `--name=VALUE`, out of the arguments,
/// and returns its value, null where it is not given. What is taken stands behind `argv[argc]` from
/// then on, so that `unit` can repeat it. One without a value stays, to be refused; so does one
/// that is given a second time.
inline auto take_option(int& argc, char** argv, const char* name) -> const char* {
    const auto move_to_the_end = [&](int from) {
        char* const moved = argv[from];
        int last = from;
        for (; argv[last + 1] != nullptr; ++last)
            argv[last] = argv[last + 1];
        argv[last] = moved;
        --argc;
    };
    const std::size_t length = std::strlen(name);
    for (int i = 1; i < argc; ++i) {
        if (std::strncmp(argv[i], name, length) != 0)
            continue;
        const char* const rest = argv[i] + length;
        if (*rest == '=') {
            move_to_the_end(i);
            return rest + 1;
        }
        if (*rest == '\0' && i + 1 < argc) {
            const char* const value = argv[i + 1];
            move_to_the_end(i);
            move_to_the_end(i);
            return value;
        }
    }
    return nullptr;
}

} // namespace daemonizer

#endif
