// SPDX-License-Identifier: BSL-1.0
// HandoffFork: the daemon goes on with the launcher's memory.
#ifndef DAEMONIZER_LAUNCH_HANDOFF_FORK_HPP
#define DAEMONIZER_LAUNCH_HANDOFF_FORK_HPP

#include <daemonizer/launch/fork.hpp>
#include <daemonizer/launch/handoff/eligibility.hpp>
#include <daemonizer/launch/handoff/handoff.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// HandoffFork in the foreground, where nothing is handed over.
struct HandoffForeground {
    using slot = slots::fork;
    using steps = step_list<>;
    static constexpr bool detaches = false;

    struct state {
        bool handed_over = false;
    };
    template <class Base>
    using members = handoff_members<Base>;
};

} // namespace detail

/// Detaches as DoubleFork does, at a cost that does not grow with the memory: nothing is copied,
/// the daemon goes on with the launcher's own memory, and the launcher leaves without returning,
/// also from start(). Locked memory stays locked, no page is copied at its first write, and it
/// works where a fork would lack memory. Handlers of pthread_atfork(3) do not run.
///
/// Where that is not known to be right it is DoubleFork, with the same observable result:
/// `daemon.handed_over()` tells which. It is known to be right on Linux 5.16 and later with glibc,
/// on x86-64 and aarch64, without sanitizers, instrumentation (coverage, profiles,
/// -finstrument-functions), valgrind or a shadow stack. A composition with a state that cannot be
/// copied is refused at compile time. The launcher copies every state once more than with the other
/// forks, and never destroys the copy. Fails as DoubleFork does, with the errno of clone(2).
struct HandoffFork : detail::Forking<true> {
    struct state : detail::DetachedState {
        bool handed_over = false;
    };
    static constexpr auto in_foreground() -> detail::HandoffForeground { return {}; }
    template <class Base>
    using members = detail::handoff_members<Base>;

    template <class Core>
    static constexpr void check() {
        static_assert(copies<Core>, "daemonizer: HandoffFork copies the state of every policy for "
                                    "the launcher; one of them cannot be copied");
    }

    /// Returns in the daemon, and in a launcher whose start has failed before the daemon ran.
    template <class Start>
    static auto detach(const Start& start) -> side {
        const typename Start::exiting_launcher leaving{{start.core, start.failure, start.signals}};
        start.signals->launcher_leaves();
#if DAEMONIZER_CAN_HAND_OVER
        using Host = typename Start::template in<slots::host>;
        using Handoff = detail::Handoff<typename Start::exiting_launcher>;
        if constexpr (copies<decltype(start.core)> && Host::shares_memory &&
                      requires { typename Host::raw; }) {
            detail::ThreadRegistration identity;
            detail::Detachment detachment;
            if (detail::may_hand_over(identity) && Handoff::prepare()) {
                if (!detachment.begin(leaving))
                    return side::failed;
                if (identity.unregister())
                    return hand_over(leaving, detachment, identity);
                detachment.cancel(start.host());
            }
        }
#endif
        return detail::Forking<true>::detach(leaving);
    }

private:
    template <class Core>
    static constexpr bool copies = std::is_copy_constructible_v<std::remove_cvref_t<Core>>;

#if DAEMONIZER_CAN_HAND_OVER
    template <class Start>
    static auto hand_over(const Start& start, detail::Detachment& detachment,
                          const detail::ThreadRegistration& identity) -> side {
        const auto& host = start.host();
        const bool is_named = detail::Handoff<Start>{start, detachment, identity}.part();
        detachment.launcher.close(host);
        auto& state = start.core.template state<HandoffFork>();
        state.begin(host, detachment.daemon, is_named);
        state.handed_over = true;
        if (const int error = identity.register_again(); error < 0)
            detail::give_up(start, host, state.report, "fork", "thread of the daemon", error);
        detail::restore_signals(start, detachment.watch);
        return side::daemon;
    }
#endif
};
static_assert(ForkPolicy<HandoffFork>);

} // namespace daemonizer

#endif
