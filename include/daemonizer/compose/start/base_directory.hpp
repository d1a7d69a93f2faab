// SPDX-License-Identifier: BSL-1.0
// Keeps the directory that relative paths start from, after the daemon has left it.
#ifndef DAEMONIZER_COMPOSE_START_BASE_DIRECTORY_HPP
#define DAEMONIZER_COMPOSE_START_BASE_DIRECTORY_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/abi.hpp>

#include <fcntl.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Refuses a path that is no text at all; the literal of a template argument never is.
template <class Start, fixed_string Literal>
auto path_is_given(const Start& start, const Text<Literal>& path) -> bool {
    if constexpr (Text<Literal>::at_run_time)
        if (path.characters() == nullptr || *path.characters() == '\0')
            return start.fail("path", "is empty");
    return true;
}

/// Holds open the directory that the launcher stood in, where relative paths start. It is opened in
/// the check phase, since the session phase leaves that directory. Later openings use it as well (a
/// log reopened, a pid file removed), also out of a chroot.
template <bool Absolute>
struct BaseDirectory {
    int fd = AT_FDCWD;

    auto directory() const -> int { return fd; }
    void each_descriptor(auto keep) const {
        if (fd >= 0)
            keep(fd);
    }
    template <class Start, class Path>
    auto open(const Start& start, const Path& path) -> bool {
        if (!detail::path_is_given(start, path))
            return false;
        if (path.characters()[0] == '/' || fd >= 0)
            return true;
        const auto& host = start.host();
        const int directory = host.open(AT_FDCWD, ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
        fd = directory < 0 ? directory : host.duplicate_above_stdio(directory);
        if (directory >= 0)
            host.close(directory);
        if (fd >= 0)
            return true;
        const int error = fd;
        fd = AT_FDCWD;
        return start.fail("directory of the launcher", error);
    }
    template <class Host>
    [[gnu::always_inline]] void close(Host host) {
        if (fd >= 0)
            host.close(fd);
        fd = AT_FDCWD;
    }
};

/// An absolute path that is known at compile time needs no directory.
template <>
struct BaseDirectory<true> {
    static constexpr auto directory() -> int { return AT_FDCWD; }
    static void each_descriptor(auto) {}
    template <class Start, class Path>
    static auto open(const Start&, const Path&) -> bool {
        return true;
    }
    template <class Host>
    static void close(const Host&) {}
};

} // namespace daemonizer::detail

#endif
