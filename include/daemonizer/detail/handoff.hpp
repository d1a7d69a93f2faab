// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_HANDOFF_HPP
#define DAEMONIZER_DETAIL_HANDOFF_HPP

#include <daemonizer/detail/leaving_launcher.hpp>
#include <daemonizer/detail/parting.hpp>
#include <daemonizer/detail/raw_host.hpp>
#include <daemonizer/detail/stack_switch.hpp>
#include <daemonizer/detail/thread_identity.hpp>

#if DAEMONIZER_CAN_HAND_OVER
#include <cerrno>
#include <sched.h>
#include <signal.h>

namespace daemonizer::detail {

/// The stacks of those who leave the program's own one to the daemon. Their pages are there only
/// once they are used, and cost the daemon nothing but that.
struct HandoffStacks {
    alignas(64) char launcher[64 << 10];
    alignas(64) char intermediate[16 << 10];
    alignas(64) char daemon[4 << 10]; ///< until it is back on the program's
};
inline HandoffStacks handoff_stacks;

/// Two processes on one memory, the launcher's: the daemon goes on where that stood, on its stack,
/// and the launcher waits on another one until it leaves, for good. From the moment there is a
/// daemon the others touch nothing but their own stack, and make their calls without libc.
template <class Start>
class Handoff {
public:
    Handoff(const Start& start, const Parting& parting, const ThreadIdentity& identity)
        : start_{start}, parting_{parting}, identity_{identity} {}

    /// Returns in the daemon alone.
    void part() { leave_stack(here_, top_of(handoff_stacks.launcher), be_launcher, this); }

private:
    template <std::size_t Size>
    static auto top_of(char (&stack)[Size]) -> void* {
        return stack + Size;
    }

    static void be_launcher(void* handoff) {
        auto& self = *static_cast<Handoff*>(handoff);
        using Leaving = typename Start::leaving_launcher;
        auto core = self.start_.core; // copies: what they were copied from will be the daemon's
        Failure failure;
        StartSignals signals = *self.start_.signals;
        const Leaving start{{core, failure, &signals}};
        Parting parting = self.parting_;
        LeavingLauncher<Leaving, memory::shared> launcher{start};
        const int child = ::clone(be_intermediate, top_of(handoff_stacks.intermediate),
                                  CLONE_VM | SIGCHLD, handoff);
        if (child < 0) {
            start.fail_step("fork", "the launcher's", errno);
            launcher.fail();
        }
        parting.daemon.close(RawHost{});
        launcher.attend(parting, child, false);
    }

    /// Leads the session that the daemon must not lead. CLONE_PARENT: the daemon is the launcher's
    /// child, which so learns how it ends.
    static auto be_intermediate(void* handoff) -> int {
        auto& self = *static_cast<Handoff*>(handoff);
        const RawHost host;
        const ReportEnd report = self.parting_.daemon;
        const long session = raw_call(SYS_setsid);
        if (session < 0)
            give_up(self.start_, host, report, "setsid", "new session", static_cast<int>(session));
        if (session == 1)
            give_up_as_process_1(self.start_, host, report);
        constexpr int flags = CLONE_VM | CLONE_PARENT | CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID;
        const int daemon = ::clone(be_daemon, top_of(handoff_stacks.daemon), flags | SIGCHLD,
                                   &self.here_, nullptr, nullptr, self.identity_.id());
        if (daemon < 0)
            give_up(self.start_, host, report, "fork", "the intermediate's", errno);
        host.leave_at_once(0);
    }

    static auto be_daemon(void* there) -> int { resume(*static_cast<Resumption*>(there)); }

    const Start& start_;
    const Parting& parting_;
    const ThreadIdentity& identity_;
    Resumption here_;
};

} // namespace daemonizer::detail
#endif

#endif
