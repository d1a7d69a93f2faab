// SPDX-License-Identifier: BSL-1.0
// How the kernel ranks the daemon: for the processor (Nice) and when memory is short (OomScore).
#ifndef DAEMONIZER_PROCESS_PRIORITY_HPP
#define DAEMONIZER_PROCESS_PRIORITY_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/missing_right.hpp>

#include <fcntl.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Gives the daemon this nice value, from -20 (served first) to 19; its children inherit it.
/// Fails as step "nice" with setpriority(2)'s errno: EACCES where a value lower than the starter's
/// needs CAP_SYS_NICE or RLIMIT_NICE.
template <int Value>
struct Nice {
    constexpr Nice() = default;
    constexpr explicit Nice(int) {
        static_assert(given_as_value<Nice>,
                      "daemonizer: Nice takes its value as template argument: Nice<5>");
    }

    template <class>
    static constexpr void check() {
        static_assert(Value >= -20 && Value <= 19, "daemonizer: Nice takes a value of -20 to 19");
    }
    /// Runs while the daemon still has the rights of its starter.
    struct Set : step<phase::session> {
        static constexpr const char* name = "nice";
        static auto run(const auto& start, const auto&) -> bool {
            const int error = start.host().set_nice(Value);
            return error >= 0 ||
                   detail::fail_lacking(start, "priority", error, "CAP_SYS_NICE or RLIMIT_NICE");
        }
    };
    using slot = slots::nice;
    using steps = step_list<Set>;

    void unit_lines(auto& unit) const { unit.number("Nice", Value); }
};
Nice(int)->Nice<0>;
static_assert(Policy<Nice<5>>);

/// Sets what is added to the daemon's badness when the kernel is out of memory: -1000 (never
/// killed) to 1000 (killed first). Its children inherit it.
/// Fails as step "oom score" with the errno of open(2) or write(2) on /proc/self/oom_score_adj,
/// unless that has the value already: EACCES where a value lower than the starter's needs
/// CAP_SYS_RESOURCE. Source: proc(5).
template <int Score>
struct OomScore {
    constexpr OomScore() = default;
    constexpr explicit OomScore(int) {
        static_assert(given_as_value<OomScore>,
                      "daemonizer: OomScore takes its value as template argument: OomScore<500>");
    }

    template <class>
    static constexpr void check() {
        static_assert(Score >= -1000 && Score <= 1000,
                      "daemonizer: OomScore takes a value of -1000 to 1000");
    }
    /// Runs before a chroot hides /proc, and while this process may open its own files there.
    struct Set : step<phase::session> {
        static constexpr const char* name = "oom score";
        static auto run(const auto& start, const auto&) -> bool {
            const auto& host = start.host();
            char text[8];
            const detail::LineWriter line = detail::LineWriter{text, sizeof text}.number(Score);
            const auto size = static_cast<std::size_t>(line.end() - text);
            const int fd = host.open(AT_FDCWD, path, O_WRONLY | O_CLOEXEC);
            long written = fd;
            if (fd >= 0) {
                written = host.write(fd, text, size);
                host.close(fd);
            }
            if (written == static_cast<long>(size) || is_set(host, text, size))
                return true;
            return fd < 0 ? start.fail(path, fd)
                          : detail::fail_lacking(start, path,
                                                 written < 0 ? static_cast<int>(written) : -EIO,
                                                 "CAP_SYS_RESOURCE");
        }

    private:
        static constexpr auto path = "/proc/self/oom_score_adj";

        /// Tells whether the process has that score already. It may have inherited the score
        /// where it cannot write it, such as under Landlock after an upgrade.
        template <class Host>
        [[gnu::cold]] static auto is_set(const Host& host, const char* text, std::size_t size)
            -> bool {
            const int fd = host.open(AT_FDCWD, path, O_RDONLY | O_CLOEXEC);
            if (fd < 0)
                return false;
            char now[8];
            const long got = host.read(fd, now, sizeof now);
            host.close(fd);
            if (got != static_cast<long>(size) + 1 || now[size] != '\n')
                return false;
            for (std::size_t i = 0; i != size; ++i)
                if (now[i] != text[i])
                    return false;
            return true;
        }
    };
    using slot = slots::oom_score;
    using steps = step_list<Set>;

    void unit_lines(auto& unit) const { unit.number("OOMScoreAdjust", Score); }
};
OomScore(int)->OomScore<0>;
static_assert(Policy<OomScore<0>>);

} // namespace daemonizer

#endif
