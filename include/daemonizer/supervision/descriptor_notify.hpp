// SPDX-License-Identifier: BSL-1.0
// DescriptorNotify: says ready by a newline on a descriptor, as s6, OpenRC and dinit want it.
#ifndef DAEMONIZER_SUPERVISION_DESCRIPTOR_NOTIFY_HPP
#define DAEMONIZER_SUPERVISION_DESCRIPTOR_NOTIFY_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/supervision/detail/speaking_process.hpp>
#include <daemonizer/supervision/detail/supervisor_pipe.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <fcntl.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Stands as template argument in the form `DescriptorNotify{fd}`.
inline constexpr int descriptor_at_run_time = -2;

namespace detail {

/// Holds the number of a DescriptorNotify: as a part of the type, or as a value.
template <int Number>
struct NotifyDescriptor {
    static constexpr int descriptor = Number;
};
template <>
struct NotifyDescriptor<descriptor_at_run_time> {
    int descriptor;
};

} // namespace detail

/// Writes one newline to a descriptor that the supervisor has left open, when the daemon is ready,
/// and closes it. `DescriptorNotify<3>` where the supervisor's configuration says 3
/// (notification-fd of s6, --notify fd:3 of OpenRC); `DescriptorNotify{fd}` for a number from an
/// option or a variable, where -1 means that nobody wants to know. From the start on the descriptor
/// belongs to the daemon. A number that is not open, cannot be written to, or is 0, 1 or 2 is
/// ignored, with a line on stderr: the start does not fail.
/// Source: s6-supervise "notification-fd"; start-stop-daemon(8) of OpenRC.
template <int Descriptor = descriptor_at_run_time>
struct DescriptorNotify : detail::NotifyDescriptor<Descriptor> {
    constexpr DescriptorNotify() requires(Descriptor != descriptor_at_run_time) = default;
    constexpr explicit DescriptorNotify(int fd) requires(Descriptor == descriptor_at_run_time)
        : detail::NotifyDescriptor<Descriptor>{fd} {}
    static constexpr bool at_run_time = Descriptor == descriptor_at_run_time;
    template <class... Wrong>
        requires(at_run_time &&
                 !(sizeof...(Wrong) == 1 && (std::is_convertible_v<Wrong, int> && ...)))
    constexpr explicit DescriptorNotify(const Wrong&...) : detail::NotifyDescriptor<Descriptor>{} {
        static_assert(given_as_value<Wrong...>, "daemonizer: DescriptorNotify takes a number: "
                                                "DescriptorNotify{fd}, or DescriptorNotify<3>");
    }

    template <class>
    static constexpr void check() {
        static_assert(Descriptor == descriptor_at_run_time || Descriptor > 2,
                      "daemonizer: DescriptorNotify takes a descriptor above 2; 0-2 are stdio's");
    }

    struct state : detail::SpeakingProcess {
        int fd = -1;
        void each_descriptor(auto keep) const {
            if (fd >= 0)
                keep(fd);
        }
        static void each_text(auto) {} ///< the undo reads none
        void close(const auto& host) {
            if (fd >= 0)
                host.close(fd);
            fd = -1;
        }
    };

    /// First: a file that another step opens could get the number, if the supervisor has not left
    /// it open. The newline would be written there.
    struct Adopt : undoable_step<phase::check> {
        static constexpr const char* name = "notify";
        static constexpr bool ends_with_process = true;
        static constexpr bool comes_first = true;

        static auto run(const auto& start, const DescriptorNotify& policy) -> bool {
            const int fd = policy.descriptor;
            if (fd == -1)
                return true;
            const auto& host = start.host();
            int error = fd <= 2 ? -EINVAL : host.status_flags(fd);
            if (error >= 0)
                error = (error & O_ACCMODE) == O_RDONLY ? -EBADF : host.close_on_exec(fd);
            if (error < 0)
                start.warn(name, "descriptor", error);
            else
                start.state(policy).fd = fd;
            return true;
        }
        static void undo(const auto& host, const auto&, auto& state) { state.close(host); }
        static void drop_launcher_copy(const auto& host, const auto&, auto& state) {
            state.close(host);
        }
    };

    /// Only the daemon writes: the supervisor takes a descriptor that is closed without a newline
    /// for a failed start. Waits up to five seconds for room in the pipe.
    static void on(const event::ready&, const auto& host, const auto&, state& state) {
        constexpr long long patience = 5'000'000'000;
        if (state.fd >= 0 && state.is_this(host))
            detail::write_to_supervisor(host, state.fd, "\n", 1, patience);
        state.close(host);
    }

    using slot = slots::descriptor_notify;
    using steps = step_list<Adopt, detail::RememberDaemon>;
};
template <class T>
DescriptorNotify(const T&) -> DescriptorNotify<>;
static_assert(Policy<DescriptorNotify<3>> && Policy<DescriptorNotify<>>);

} // namespace daemonizer

#endif
