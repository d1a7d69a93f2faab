// SPDX-License-Identifier: BSL-1.0
// What happens to a start and to a daemon, for policies that want to be told.
#ifndef DAEMONIZER_COMPOSE_EVENT_HPP
#define DAEMONIZER_COMPOSE_EVENT_HPP

#include <daemonizer/system/abi.hpp>

#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI {

class Failure;

/// A policy is told of an event by `static void on(event::NAME, host, const Policy&, state&)`, a
/// function for each event that it wants. Policies are told in the order of slots, of `stopping`
/// in reverse. None of them can fail the start any more.
namespace event {

// The events of a launcher. Its memory may be gone: only the state and what it holds is there, and
// the host makes its calls without libc.

/// In the launcher: how far the daemon has come, by its own word, before it is ready. In a Monitor,
/// of a restart: that, and first why there is one.
struct starting {
    const char* text; ///< one line; it lasts for the call
};

/// In the launcher, and in a Monitor: what the daemon has to say to its manager before it is ready.
/// The manager does not believe the daemon itself.
struct for_manager {
    const char* assignments; ///< as sd_notify(3) has them; they last for the call
};

/// In the launcher, which has seen the daemon alive after its report and leaves after this.
struct launched {
    pid_t daemon; ///< as the launcher's pid namespace has it
};

/// In the launcher: the start has failed, and what it has acquired is about to be given back. Where
/// nothing forks this is told of the steps that a launcher would run; of the rest `failed` is. In a
/// Monitor: it gives up.
struct not_launched {
    const Failure& failure; ///< step, errno and text; it lasts for the call
};

/// In a Monitor: the daemon that it has started again is ready.
struct restarted {};

// The events of a daemon.

/// In the daemon, which is ready: also each further time that the body says so, after a reload.
struct ready {
    const char* status; ///< null where the body gave none
    bool is_known;      ///< whether the supervisor has been told before, by the launcher or by this
};

/// In the daemon: what it is doing.
struct status {
    const char* text;      ///< one line; it lasts for the call
    bool is_known = false; ///< whether the launcher, or a Monitor, tells it (starting)
};

/// In the daemon, which reads its configuration anew.
struct reloading {};

/// In the daemon, which was ready and ends now; what the start acquired is still there.
struct stopping {
    bool may_return = false; ///< its status is not 0, and a Monitor is there to start it again
};

/// In the daemon: what went wrong, before or after ready.
struct failed {
    const Failure& failure; ///< step, errno and text; it lasts for the call
    bool is_known = false;  ///< whether the launcher tells it (not_launched)
};

} // namespace event
} // namespace daemonizer

#endif
