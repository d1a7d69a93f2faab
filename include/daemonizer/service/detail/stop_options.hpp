// SPDX-License-Identifier: BSL-1.0
// The options that command_line() itself understands behind a verb.
#ifndef DAEMONIZER_SERVICE_DETAIL_STOP_OPTIONS_HPP
#define DAEMONIZER_SERVICE_DETAIL_STOP_OPTIONS_HPP

#include <daemonizer/service/take_option.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds the options behind a verb: `--lsb`, and `--timeout SECONDS` and `--force` of the verbs
/// that stop a daemon.
struct StopOptions {
    static constexpr int after_kill = 5;

    int timeout = 10;
    bool force = false;
    bool lsb = false; ///< success where there is nothing to do

    auto seconds() const -> int { return force ? timeout + after_kill : timeout; }

    /// Takes the options from behind the verb: those of stopping if it `stops`, `--lsb` if it may
    /// have that. Returns null, or the first argument that is not one of them.
    auto take(int argc, char** argv, bool stops, bool may_be_lsb) -> const char* {
        if (const char* const text = stops ? take_option(argc, argv, "--timeout") : nullptr;
            text != nullptr && !parse(text))
            return text;
        for (int i = 2; i < argc; ++i) {
            if (stops && std::strcmp(argv[i], "--force") == 0)
                force = true;
            else if (may_be_lsb && std::strcmp(argv[i], "--lsb") == 0)
                lsb = true;
            else
                return argv[i];
        }
        return nullptr;
    }

private:
    auto parse(const char* text) -> bool {
        constexpr int a_day = 86'400;
        const char* digit = text;
        for (timeout = 0; *digit >= '0' && *digit <= '9' && timeout <= a_day; ++digit)
            timeout = timeout * 10 + (*digit - '0');
        return digit != text && *digit == '\0' && timeout <= a_day;
    }
};

} // namespace daemonizer::detail

#endif
