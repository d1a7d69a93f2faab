// SPDX-License-Identifier: BSL-1.0
// How a program that is started again finds what the process before has left for it.
#ifndef DAEMONIZER_SYSTEM_TOOLCHAIN_HANDOVER_VARIABLE_HPP
#define DAEMONIZER_SYSTEM_TOOLCHAIN_HANDOVER_VARIABLE_HPP

#include <daemonizer/system/abi.hpp>

#include <cstdlib>
#include <fcntl.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Names the descriptor by which a program that is started again finds its handover.
inline constexpr char handover_variable[] = "DAEMONIZER_HANDOVER=",
                      handover_name[] = "DAEMONIZER_HANDOVER";

/// Whether this process, or the one that has forked it, has taken its handover.
[[gnu::visibility("hidden")]] inline bool has_taken_handover = false;

/// Reads an environment, one character after another, up to the end of the variable.
class HandoverReader {
public:
    /// `begun`: the name and the equals sign have been read.
    explicit HandoverReader(bool begun) : at_{begun ? length : 0} {}

    /// False once the number is complete.
    auto take(char character) -> bool {
        if (character == '\0' && is_number())
            return false;
        if (character == '\0')
            at_ = number_ = 0;
        else if (at_ < length)
            at_ = character == handover_variable[at_] ? at_ + 1 : mismatch;
        else if (is_number() && character >= '0' && character <= '9' && number_ < 100'000'000)
            number_ = number_ * 10 + (character - '0');
        else
            at_ = mismatch;
        return true;
    }
    /// The descriptor, or -1 where there is none above 2.
    auto number() const -> int { return is_number() && number_ > 2 ? number_ : -1; }

private:
    static constexpr int length = sizeof handover_variable - 1, mismatch = length + 1;

    auto is_number() const -> bool { return at_ == length; }

    int at_; ///< so many characters are the variable's
    int number_ = 0;
};

/// Returns the descriptor of the handover, or -1 where nobody has left one. A program may have
/// cleared its environment: then the kernel's copy still has the variable.
template <class Host>
[[gnu::cold]] auto find_handover(const Host& host) -> int {
    const char* given = std::getenv(handover_name);
    HandoverReader reader{given != nullptr};
    if (given != nullptr) {
        for (; *given != '\0'; ++given)
            reader.take(*given);
        return reader.number();
    }
    const int file =
        has_taken_handover ? -1 : host.open(AT_FDCWD, "/proc/self/environ", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return -1;
    char text[512];
    bool goes_on = true;
    for (long size; goes_on && (size = host.read(file, text, sizeof text)) > 0;)
        for (long i = 0; goes_on && i < size; ++i)
            goes_on = reader.take(text[i]);
    host.close(file);
    return reader.number();
}

/// Returns the same, but only once, and -1 where who started this program has fewer rights than it.
/// The variable is removed, so that no child takes it for its own.
template <class Host>
[[gnu::cold]] auto take_handover(const Host& host) -> int {
    const int fd = detail::find_handover(host);
    ::unsetenv(handover_name);
    has_taken_handover = has_taken_handover || fd >= 0;
    return host.has_gained_rights() ? -1 : fd;
}

} // namespace daemonizer::detail

#endif
