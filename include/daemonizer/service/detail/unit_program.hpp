// SPDX-License-Identifier: BSL-1.0
// Finds out which program this process runs, and whether all of its arguments are known.
#ifndef DAEMONIZER_SERVICE_DETAIL_UNIT_PROGRAM_HPP
#define DAEMONIZER_SERVICE_DETAIL_UNIT_PROGRAM_HPP

#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/files/deleted_mark.hpp>

#include <cerrno>
#include <climits>
#include <cstddef>
#include <fcntl.h>
#include <functional>
#include <sys/stat.h>
#include <unistd.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Writes the path by which this program can be started again. Returns null, or why there is none.
inline auto find_program(char (&path)[PATH_MAX]) -> const char* {
    const ssize_t length = ::readlink("/proc/self/exe", path, sizeof path - 1);
    path[length < 0 ? 0 : length] = '\0';
    if (length < 0)
        return detail::error_text(errno);
    if (*path != '/')
        return "cannot be reached from here";
    const auto names_program = [&] {
        struct stat named {
        }, running{};
        return ::stat(path, &named) == 0 && ::stat("/proc/self/exe", &running) == 0 &&
               named.st_dev == running.st_dev && named.st_ino == running.st_ino;
    };
    if (!detail::take_deleted_mark(path, static_cast<std::size_t>(length), names_program))
        return nullptr;
    return ::access(path, X_OK) == 0 ? nullptr : "has been deleted since this process began";
}

/// The arguments that this process was started with, its name included.
struct ProcessArguments {
    int count = 0;
    std::size_t size = 0;

    ProcessArguments() {
        const int fd = ::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC);
        char piece[512];
        for (ssize_t length; fd >= 0 && (length = ::read(fd, piece, sizeof piece)) > 0;)
            for (ssize_t i = 0; i < length; ++i, ++size)
                count += piece[i] == '\0' ? 1 : 0;
        if (fd >= 0)
            ::close(fd);
    }

    /// Whether a text is one of them and no copy: they lie one behind the other, from the name on.
    auto has(const char* text) const -> bool {
        const char* const begin = program_invocation_name;
        return !std::less<>{}(text, begin) && std::less<>{}(text, begin + size);
    }
};

} // namespace daemonizer::detail

#endif
