// SPDX-License-Identifier: BSL-1.0
// Parts daemon and launcher on one memory.
#ifndef DAEMONIZER_LAUNCH_HANDOFF_HANDOFF_HPP
#define DAEMONIZER_LAUNCH_HANDOFF_HANDOFF_HPP

#include <daemonizer/host/raw_syscall_host.hpp>
#include <daemonizer/launch/detail/detachment.hpp>
#include <daemonizer/launch/detail/exiting_launcher.hpp>
#include <daemonizer/launch/detail/staying_parent.hpp>
#include <daemonizer/launch/handoff/stack_switch.hpp>
#include <daemonizer/launch/handoff/thread_registration.hpp>
#include <daemonizer/system/abi.hpp>

#if DAEMONIZER_CAN_HAND_OVER
#include <cerrno>
#include <cstddef>
#include <new>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The stacks of those who leave the program's own one to the daemon. Their pages are there only
/// once they are used, and cost the daemon nothing but that. They grow downwards: the launcher's
/// would run over two that are no longer in use, and any of them into the guard.
struct HandoffStacks {
#if defined(__aarch64__)
    static constexpr std::size_t page = 64 << 10; // the largest that the kernel may have
#else
    static constexpr std::size_t page = 4 << 10;
#endif
    alignas(page) char guard[page];
    /// The kernel's clone(2) and the dynamic linker, should it bind that call late or write what it
    /// does (LD_DEBUG): it saves all registers first, 3 KiB with AVX-512 and 11 KiB with AMX.
    alignas(64) char intermediate[32 << 10];
    alignas(64) char daemon[16 << 10]; ///< until it is back on the program's, which takes no call
    alignas(64) char launcher[64 << 10];

    /// Writing below the stacks ends the process that does so, and not what the program has there.
    /// Reading stays allowed: a garbage collector reads all that a program has. Returns 0 or a
    /// negative errno.
    auto protect() -> int {
        return static_cast<int>(
            detail::raw_call(SYS_mprotect, reinterpret_cast<long>(guard), sizeof guard, PROT_READ));
    }
};
inline HandoffStacks handoff_stacks;

/// What a launcher takes along, however large the states of its policies are: not on its stack.
/// Mere bytes, so that nothing runs before main() or at exit() for them.
template <class Launcher>
struct HandoffLuggage {
    alignas(Launcher) unsigned char room[sizeof(Launcher)];
};
template <class Launcher>
inline HandoffLuggage<Launcher> handoff_luggage;

template <class Start>
class [[gnu::visibility("hidden")]] Handoff;

/// Two processes on one memory, the launcher's: the daemon goes on where that stood, on its stack,
/// and the launcher waits on another one until it leaves, for good. From the moment there is a
/// daemon the others touch nothing but their own stack and luggage, and make their calls without
/// libc.
template <class Start>
class Handoff {
    using Launcher = ExitingLauncher<typename Start::exiting_launcher, memory::shared>;
    using Core = std::remove_cvref_t<decltype(std::declval<const Start&>().core)>;

public:
    Handoff(const Start& start, const Detachment& detachment, const ThreadRegistration& identity)
        : start_{start}, parting_{detachment}, identity_{identity} {}

    /// True when the stacks are ready. Changes nothing else.
    static auto prepare() -> bool { return handoff_stacks.protect() == 0; }

    /// Returns in the daemon alone: whether the launcher knows its number already.
    auto part() -> bool {
        detail::leave_stack(here_, top_of(handoff_stacks.launcher), be_launcher, this);
        return is_named_;
    }

private:
    template <std::size_t Size>
    static auto top_of(char (&stack)[Size]) -> void* {
        return stack + Size;
    }

    static void be_launcher(void* handoff) {
        auto& self = *static_cast<Handoff*>(handoff);
        const typename Start::exiting_launcher start{
            {self.start_.core, self.start_.failure, self.start_.signals}};
        // Copies: what they were copied from will be the daemon's.
        auto& launcher = *new (handoff_luggage<Launcher>.room) Launcher{start};
        Detachment detachment = self.parting_;
        volatile pid_t daemon = 0;
        self.number_ = &daemon;
        const int child = ::clone(be_intermediate, top_of(handoff_stacks.intermediate),
                                  CLONE_VM | SIGCHLD, handoff);
        if (child < 0)
            launcher.fail("fork", "the launcher's", errno);
        detachment.daemon.close(RawHost{});
        launcher.wait_and_leave(detachment, child, daemon);
    }

    /// Leads the session that the daemon must not lead. CLONE_PARENT: the daemon is the launcher's
    /// child, which so learns how it ends. Where a manager is told, it is this process's instead.
    static auto be_intermediate(void* handoff) -> int {
        auto& self = *static_cast<Handoff*>(handoff);
        const RawHost host;
        const ReportEnd report = self.parting_.daemon;
        const long session = detail::raw_call(SYS_setsid);
        if (session < 0)
            detail::give_up(self.start_, host, report, "setsid", "new session",
                            static_cast<int>(session));
        if (session == 1)
            detail::give_up_as_process_1(self.start_, host, report);
        self.is_named_ = host.shares_numbers_with_parent();
        // Its own copies: whatever else is here will be the daemon's.
        const bool stays = detail::parent_stays(self.start_.core);
        ReportEnd launcher = self.parting_.launcher;
        const int flags =
            CLONE_VM | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | (stays ? 0 : CLONE_PARENT);
        // Before the daemon runs the kernel writes its number for the launcher: no message of the
        // daemon's comes earlier.
        const int daemon =
            ::clone(be_daemon, top_of(handoff_stacks.daemon),
                    flags | (self.is_named_ ? CLONE_PARENT_SETTID : 0) | SIGCHLD, &self.here_,
                    const_cast<pid_t*>(self.number_), nullptr, self.identity_.id());
        if (daemon < 0)
            detail::give_up(self.start_, host, report, "fork", "the intermediate's", errno);
        if constexpr (parent_may_stay<Core>)
            if (stays) {
                launcher.close(host); // or the daemon would not see that the launcher has gone
                detail::stay_as_parent(host, report, daemon);
            }
        host.leave_at_once(0);
    }

    static auto be_daemon(void* there) -> int { detail::resume(*static_cast<Resumption*>(there)); }

    const Start& start_;
    const Detachment& parting_;
    const ThreadRegistration& identity_;
    Resumption here_;
    volatile pid_t* number_ = nullptr; ///< where the launcher looks for the daemon's number
    bool is_named_ = false;
};

} // namespace daemonizer::detail
#endif

#endif
