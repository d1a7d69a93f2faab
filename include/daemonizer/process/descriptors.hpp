// SPDX-License-Identifier: BSL-1.0
// CloseDescriptors and KeepDescriptors: what the daemon inherits of the starter's descriptors.
#ifndef DAEMONIZER_PROCESS_DESCRIPTORS_HPP
#define DAEMONIZER_PROCESS_DESCRIPTORS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/process/detail/close_descriptors.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <climits>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Leaves the inherited descriptors open.
struct KeepDescriptors {
    using slot = slots::descriptors;
    using steps = step_list<>;
};
static_assert(Policy<KeepDescriptors>);

namespace detail {

/// Stands before the count in the type of a CloseDescriptors whose descriptors are values.
inline constexpr int at_run_time = INT_MIN;

template <class...>
inline constexpr bool are_descriptors = false;
template <class First, class... Rest>
inline constexpr bool are_descriptors<First, Rest...> = std::is_convertible_v<First, int> &&
                                                        (std::is_convertible_v<Rest, int> && ...);

/// Refuses, in the launcher, 0-2, which are the stdio policy's, and the answer of a failed open().
struct CheckKept : step<phase::check> {
    static constexpr const char* name = "descriptors";

    static auto run(const auto& start, const auto& policy) -> bool {
        bool good = true;
        policy.each_descriptor([&](int fd) {
            if (!good || fd > 2 || fd == -1)
                return;
            char number[16];
            LineWriter{number, sizeof number}.number(fd);
            good = start.fail(number, fd < 0 ? "is no descriptor"
                                             : "is left to the stdio policy; name those above 2");
        });
        return good;
    }
};

struct CloseOthers : step<phase::descriptors> {
    static constexpr const char* name = "descriptors";

    static auto run(const auto& start, const auto& policy) -> bool {
        const auto& host = start.host();
        // libc would go on writing to the number, whatever that is by then.
        host.disconnect_log();
        const SparedDescriptors spared{[&](auto keep) {
            policy.each_descriptor(keep);
            start.core.each_descriptor(keep);
        }};
        return start.check(detail::close_all_but(host, spared), "close");
    }
};

} // namespace detail

/// Closes all descriptors above 2 (APUE 13.3 rule 5; daemon(7) step 1) but the named ones, which
/// need not be open, and those that the composition itself holds. With close_range(2); where that
/// is missing or forbidden, by what /proc/self/fd lists; without /proc one by one up to a bound.
///
/// `CloseDescriptors<3, 4>` is an empty type. `CloseDescriptors{listener, 3}` holds numbers that
/// are known at run time, such as a socket that the program has opened before: it stays open, and
/// stays the program's to close. -1 is nobody there; other numbers below 3 fail the step
/// "descriptors" in the launcher.
///
/// The program's connection to syslog(3) is closed by closelog(3), and the next message makes a new
/// one. glibc forgets the ident of openlog(3) then: call it in the body, or compose Syslog. What
/// else a C library may have opened is listed in docs/descriptors.md.
template <int... Keep>
struct CloseDescriptors {
    template <class>
    static constexpr void check() {
        static_assert(
            ((Keep > 2) && ...),
            "daemonizer: CloseDescriptors leaves 0-2 to the stdio policy; name those above 2");
    }

    constexpr CloseDescriptors() = default;
    template <class... Fds>
        requires detail::are_descriptors<Fds...>
    constexpr explicit CloseDescriptors(Fds...) {
        static_assert(!detail::are_descriptors<Fds...>,
                      "daemonizer: CloseDescriptors takes its descriptors all as template "
                      "arguments, or all as values: CloseDescriptors{3, fd}");
    }
    // `requires` would not do: clang 14 forgets it where it deduces the class.
    template <class T, class = std::enable_if_t<!std::is_convertible_v<T, int>>>
    constexpr explicit CloseDescriptors(const T&) {
        static_assert(given_as_value<T>, "daemonizer: CloseDescriptors takes descriptors one "
                                         "by one, each an int: CloseDescriptors{3, fd}");
    }

    static void each_descriptor([[maybe_unused]] auto keep) { (keep(Keep), ...); }

    using slot = slots::descriptors;
    using steps = step_list<detail::CloseOthers>;
};

/// The form with values. Programs do not spell its type.
template <int Count>
struct CloseDescriptors<detail::at_run_time, Count> {
    template <class... Fds>
        requires(sizeof...(Fds) == Count && detail::are_descriptors<Fds...>)
    constexpr explicit CloseDescriptors(Fds... fds) : fds_{fds...} {}

    void each_descriptor(auto keep) const {
        for (const int fd : fds_)
            keep(fd);
    }

    using slot = slots::descriptors;
    using steps = step_list<detail::CheckKept, detail::CloseOthers>;

private:
    int fds_[unsigned{Count}];
};
template <class... Fds>
    requires detail::are_descriptors<Fds...> CloseDescriptors(Fds...)
->CloseDescriptors<detail::at_run_time, int{sizeof...(Fds)}>;
static_assert(Policy<CloseDescriptors<>>);

} // namespace daemonizer

#endif
