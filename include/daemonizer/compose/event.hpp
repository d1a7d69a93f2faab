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

/// The launcher tells how far the daemon has come, by the daemon's own word, before it is ready. In
/// a restart a Monitor tells that, and first the reason of the restart.
struct starting {
    const char* text; ///< one line; it lasts for the call
};

/// The launcher, or a Monitor, tells what the daemon has to say to its manager before it is ready.
/// The manager does not believe the daemon itself.
struct for_manager {
    const char* assignments; ///< as sd_notify(3) has them; they last for the call
};

/// The launcher has seen the daemon alive after its report, and leaves after this.
struct launched {
    pid_t daemon; ///< as the launcher's pid namespace has it
};

/// The launcher tells that the start has failed, before it gives back what it has acquired. In a
/// start without a fork this is told of the steps that a launcher would run, and `failed` of the
/// others. A Monitor tells it when it gives up.
struct not_launched {
    const Failure& failure; ///< step, errno and text; it lasts for the call
};

/// A Monitor tells that the daemon that it has started again is ready.
struct restarted {};

// The events of a daemon.

/// The daemon is ready. It is told again each further time that the body says so, after a reload.
struct ready {
    const char* status; ///< null where the body gave none
    bool is_known;      ///< whether the supervisor has been told before, by the launcher or by this
};

/// The daemon tells what it is doing.
struct status {
    const char* text;      ///< one line; it lasts for the call
    bool is_known = false; ///< whether the launcher, or a Monitor, tells it (starting)
};

/// The daemon reads its configuration anew.
struct reloading {};

/// The daemon was ready and ends now; what the start acquired is still there.
struct stopping {
    bool may_return = false; ///< its status is not 0, and a Monitor is there to start it again
};

/// The daemon tells what went wrong, before or after ready.
struct failed {
    const Failure& failure; ///< step, errno and text; it lasts for the call
    bool is_known = false;  ///< whether the launcher tells it (not_launched)
};

} // namespace event
} // namespace daemonizer

#endif
