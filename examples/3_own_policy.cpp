// SPDX-License-Identifier: BSL-1.0
// A policy of one's own: `Priority` gives the daemon a scheduling priority. It fills a slot that it
// makes for itself, and contributes one step. A composition without it has no trace of it.
//
//     $ ./example_3_own_policy NICENESS PIDFILE
#include <daemonizer/daemonizer.hpp>

#include <cstdio>
#include <cstdlib>
#include <sys/resource.h>

struct Priority {
    int niceness;

    // The slot: whoever composes two of these is told so at compile time.
    struct slot : daemonizer::own_slot {
        static constexpr const char* name = "priority";
    };

    // The step. In the session phase: in the daemon, before anything is opened, while a failure
    // still reaches the terminal. Its name stands in that line.
    struct Set : daemonizer::step<daemonizer::phase::session> {
        static constexpr const char* name = "priority";

        static auto run(const auto& start, const Priority& policy) -> bool {
            if (setpriority(PRIO_PROCESS, 0, policy.niceness) < 0)
                return start.fail("setpriority", errno);
            return true;
        }
    };
    using steps = daemonizer::step_list<Set>;
};
static_assert(daemonizer::Policy<Priority>);

int main(int argc, char** argv) {
    using namespace daemonizer;
    if (argc != 3) {
        std::fprintf(stderr, "usage: %s NICENESS PIDFILE\n", argv[0]);
        return 2;
    }
    const Daemonizer service{Priority{std::atoi(argv[1])}, PidFile{argv[2]}, SignalFd<SIGTERM>{}};
    return service.run([](auto& daemon) {
        daemon.ready();
        daemon.wait();
        return 0;
    });
}
