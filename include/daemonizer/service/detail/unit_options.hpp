// SPDX-License-Identifier: BSL-1.0
// The options of the verb `unit`.
#ifndef DAEMONIZER_SERVICE_DETAIL_UNIT_OPTIONS_HPP
#define DAEMONIZER_SERVICE_DETAIL_UNIT_OPTIONS_HPP

#include <daemonizer/system/abi.hpp>

#include <cstring>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds the options of `unit`. `--watchdog SECONDS` adds WatchdogSec=, which a unit has only on
/// request: a machine that is only slow would lose its services. `--socket NAME=ADDRESS` prints the
/// socket unit that belongs beside the service.
struct UnitOptions {
    const char* watchdog = nullptr;
    const char* socket = nullptr;

    /// Takes the options from behind the verb. Returns null, or the first argument that is not one
    /// of them, or that this service has no use for.
    auto take(int argc, char** argv, bool has_watchdog, bool has_sockets) -> const char* {
        for (int i = 2; i < argc; i += 2) { // without take_option(): a unit repeats what that takes
            const char* const value = i + 1 < argc ? argv[i + 1] : "";
            if (has_watchdog && std::strcmp(argv[i], "--watchdog") == 0 && is_number(value))
                watchdog = value;
            else if (has_sockets && std::strcmp(argv[i], "--socket") == 0 &&
                     has_name_and_address(value))
                socket = value;
            else
                return argv[i];
        }
        return nullptr;
    }

private:
    static auto is_number(const char* text) -> bool {
        const std::size_t digits = std::strspn(text, "0123456789");
        return digits != 0 && digits < 9 && text[digits] == '\0' && *text != '0';
    }
    /// Says whether a name has up to 255 printable characters and no colon, as FileDescriptorName=
    /// of systemd.socket(5) wants it.
    static auto has_name_and_address(const char* text) -> bool {
        const std::size_t name = std::strcspn(text, "=");
        for (std::size_t i = 0; i != name; ++i)
            if (text[i] <= ' ' || text[i] > '~' || text[i] == ':')
                return false;
        return name != 0 && name < 256 && text[name] == '=' && text[name + 1] != '\0';
    }
};

} // namespace daemonizer::detail

#endif
