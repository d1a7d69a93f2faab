// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_STDIO_TARGETS_HPP
#define DAEMONIZER_DETAIL_STDIO_TARGETS_HPP

#include <daemonizer/detail/path.hpp>
#include <daemonizer/detail/report.hpp>

#include <fcntl.h>
#include <type_traits>

namespace daemonizer::detail {

/// O_NOCTTY: a session leader that logs to a terminal must not acquire it. O_NONBLOCK: a FIFO that
/// nobody reads is an error (ENXIO) and not a start that hangs; it is cleared once the file is
/// open.
template <class Host>
auto open_blocking(Host host, int directory, const char* path, int flags) -> int {
    constexpr int always = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    const int fd = above_stdio(host, host.open(directory, path, flags | always, 0640));
    if (fd < 0)
        return fd;
    const int error = host.set_status_flags(fd, flags & O_APPEND);
    if (error >= 0)
        return fd;
    host.close(fd);
    return error;
}

/// Fails the step, or returns a descriptor above 2.
template <class Start>
auto open_null(const Start& start, int how) -> int {
    const auto& host = start.host();
    const int fd = above_stdio(host, host.open(AT_FDCWD, "/dev/null", how | O_CLOEXEC | O_NOCTTY));
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

/// What 0-2 will be, opened above 2 and open only between the phases targets and stdio.
struct Targets : OldStderr {
    int in = -1, out = -1, err = -1;

    auto of(int descriptor) const -> int {
        return descriptor == 0 ? in : descriptor == 1 ? out : err;
    }
    template <class Host>
    static auto open_input(Host host, int directory, const char* path) -> int {
        return open_blocking(host, directory, path, O_RDONLY);
    }
    template <class Host>
    static auto open_log(Host host, int directory, const char* path) -> int {
        return open_blocking(host, directory, path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW);
    }

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
struct FindOrigin : undoable_step<phase::check> {
    static constexpr const char* name = "stdio";

    static auto run(const auto& start, const auto& policy) -> bool {
        return start.state(policy).find_origin(start, policy);
    }
    [[gnu::visibility("hidden")]] static void undo(auto host, const auto&, auto& state) {
        state.origin.close(host);
    }
    static void hand_over(auto host, const auto&, auto& state) { state.origin.close(host); }
};

struct OpenTargets : undoable_step<phase::targets> {
    static constexpr const char* name = "stdio";

    static auto run(const auto& start, const auto& policy) -> bool {
        auto& targets = start.state(policy);
        if (targets.open(start, policy))
            return true;
        targets.close(start.host());
        return false;
    }
    static void undo(auto host, const auto&, auto& targets) { targets.close(host); }
    static void hand_over(const auto&, const auto&, auto&) {}
};

/// dup2 alone: nothing here opens, so nothing can be refused that an identity has lost by now.
struct ReplaceStdio : step<phase::stdio> {
    static constexpr const char* name = "stdio";

    static auto run(const auto& start, const auto& policy) -> bool {
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

/// Opens a log anew and puts it in place of what `Descriptors` were; on an error they stay.
template <int... Descriptors, class Host>
auto reopen_onto(Host host, int directory, const char* path) -> int {
    const int fd = Targets::open_log(host, directory, path);
    if (fd < 0)
        return fd;
    int error = 0;
    (void)(((error = host.duplicate_onto(fd, Descriptors)) >= 0) && ...);
    host.close(fd);
    return error < 0 ? error : 0;
}

} // namespace daemonizer::detail

#endif
