// SPDX-License-Identifier: BSL-1.0
// Opens what becomes stdin, stdout and stderr, and puts it in their place.
#ifndef DAEMONIZER_STDIO_DETAIL_TARGETS_HPP
#define DAEMONIZER_STDIO_DETAIL_TARGETS_HPP

#include <daemonizer/compose/start/base_directory.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/files/descriptor.hpp>
#include <daemonizer/system/files/trusted_file.hpp>

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Why a file could not be opened, in the words of objection_to where they fit.
template <int Flags, class Host>
[[gnu::cold]] auto objection_to_error(Host host, int directory, const char* path, int error)
    -> const char* {
    if ((Flags & O_NOFOLLOW) != 0 && error == -ELOOP)
        return "is a symbolic link";
    struct stat status; // ENXIO: a socket, a FIFO that nobody reads, a device without a driver
    if (error == -ENXIO && host.status(directory, path, status) >= 0 && !S_ISCHR(status.st_mode))
        return "is not a regular file";
    return detail::error_text(-error);
}

/// Opens a file that is to be trusted (see objection_to_stream) above 2. Returns a descriptor, or a
/// negative errno and the reason in words.
///
/// O_NOCTTY: a session leader that logs to a terminal must not acquire it. O_NONBLOCK: a FIFO must
/// not make the start hang; it is cleared once the file is open.
template <int Flags, class Host>
auto open_trusted(Host host, int directory, const char* path, const char*& why) -> int {
    constexpr int always = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    constexpr mode_t extra = (Flags & O_ACCMODE) == O_RDONLY ? S_IFIFO : 0;
    const int fd = detail::above_stdio(host, host.open(directory, path, Flags | always, 0640));
    int error = fd;
    why = nullptr;
    if (fd >= 0) {
        struct stat status;
        error = host.status(fd, status);
        if (error >= 0)
            why = detail::objection_to_stream<extra>(host, status, directory, path);
        if (error >= 0 && why == nullptr)
            error = host.set_status_flags(fd, Flags & O_APPEND);
        if (error >= 0 && why == nullptr)
            return fd;
        host.close(fd);
    }
    if (why != nullptr)
        return -EPERM;
    why = detail::objection_to_error<Flags>(host, directory, path, error);
    return error;
}

/// Fails the step, or returns a descriptor above 2.
template <class Start>
auto open_null(const Start& start, int how) -> int {
    const auto& host = start.host();
    const int fd =
        detail::above_stdio(host, host.open(AT_FDCWD, "/dev/null", how | O_CLOEXEC | O_NOCTTY));
    start.check(fd, "/dev/null");
    return fd;
}

/// A copy of the old stderr until ready, where no launcher speaks for us.
struct OldStderr {
    int terminal = -1;

    template <class Host>
    void close_terminal(Host host) {
        if (terminal >= 0)
            host.close(terminal);
        terminal = -1;
    }
};

/// Holds the files that become 0-2. They are opened above 2, in the phase targets, and closed in
/// stdio.
struct Targets : OldStderr {
    int in = -1, out = -1, err = -1;

    auto of(int descriptor) const -> int {
        return descriptor == 0 ? in : descriptor == 1 ? out : err;
    }
    /// Each fails the step, or returns a descriptor above 2.
    template <class Start>
    static auto open_input(const Start& start, int directory, const char* path) -> int {
        return open<O_RDONLY>(start, directory, path);
    }
    template <class Start>
    static auto open_log(const Start& start, int directory, const char* path) -> int {
        return open<as_log>(start, directory, path);
    }
    static constexpr int as_log = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;

    template <class Host>
    void close(Host host) {
        close_once(host, in);
        if (out != in)
            close_once(host, out);
        if (err != in && err != out)
            close_once(host, err);
        in = out = err = -1;
    }

private:
    template <int Flags, class Start>
    static auto open(const Start& start, int directory, const char* path) -> int {
        const char* why;
        const int fd = detail::open_trusted<Flags>(start.host(), directory, path, why);
        if (fd < 0)
            start.fail(path, why, -fd);
        return fd;
    }
    template <class Host>
    static void close_once(Host host, int fd) {
        if (fd >= 0)
            host.close(fd);
    }
};

/// The same for all of 0-2.
struct OneTarget : OldStderr {
    int fd = -1;

    auto of(int) const -> int { return fd; }
    template <class Host>
    void close(Host host) {
        if (fd >= 0)
            host.close(fd);
        fd = -1;
    }
};

/// In the launcher, before the working directory changes.
struct FindBaseDirectory : undoable_step<phase::check> {
    static constexpr const char* name = "stdio";
    static constexpr bool ends_with_process = true;

    static auto run(const auto& start, const auto& policy) -> bool {
        return start.state(policy).find_base_directory(start, policy);
    }
    [[gnu::visibility("hidden")]] static void undo(auto host, const auto&, auto& state) {
        state.base_directory.close(host);
    }
    static void drop_launcher_copy(auto host, const auto&, auto& state) {
        state.base_directory.close(host);
    }
};

/// Under the supervisor that AutoFork has found 0-2 are what that gave.
template <class Start>
auto keeps_stdio([[maybe_unused]] const Start& start) -> bool {
    if constexpr (std::remove_cvref_t<decltype(start.core)>::may_stay)
        return start.core.stays();
    else
        return false;
}

struct OpenTargets : undoable_step<phase::targets> {
    static constexpr const char* name = "stdio";

    static auto run(const auto& start, const auto& policy) -> bool {
        auto& targets = start.state(policy);
        if (detail::keeps_stdio(start) || targets.open(start, policy))
            return true;
        targets.close(start.host());
        return false;
    }
    static void undo(auto host, const auto&, auto& targets) { targets.close(host); }
    static void drop_launcher_copy(const auto&, const auto&, auto&) {}
};

/// dup2 alone: nothing here opens, so nothing can be refused that an identity has lost by now.
struct ReplaceStdio : step<phase::stdio> {
    static constexpr const char* name = "stdio";

    static auto run(const auto& start, const auto& policy) -> bool {
        if (detail::keeps_stdio(start))
            return true;
        const auto& host = start.host();
        auto& targets = start.state(policy);
        if constexpr (!std::remove_cvref_t<decltype(start)>::template in<slots::fork>::detaches) {
            host.flush(); // what was printed before belongs to the old stdout; no fork has done it
            targets.terminal = host.duplicate_above_stdio(2); // -1 where there is no stderr
        }
        static constexpr char names[][7] = {"stdin", "stdout", "stderr"};
        for (int i = 0; i != 3; ++i)
            if (!start.check(host.duplicate_onto(targets.of(i), i), names[i])) {
                targets.close_terminal(host);
                return false;
            }
        targets.close(host);
        return true;
    }
};

/// Opens a log anew and puts it in place of what `Descriptors` were. Returns null, or why not; then
/// they stay what they were.
template <int... Descriptors, class Host>
auto reopen_onto(Host host, int directory, const char* path) -> const char* {
    const char* why;
    const int fd = detail::open_trusted<Targets::as_log>(host, directory, path, why);
    if (fd < 0)
        return why;
    int error = 0;
    (void)(((error = host.duplicate_onto(fd, Descriptors)) >= 0) && ...);
    host.close(fd);
    return error < 0 ? detail::error_text(-error) : nullptr;
}

} // namespace daemonizer::detail

#endif
