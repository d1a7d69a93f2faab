// SPDX-License-Identifier: BSL-1.0
// Watchdog: shows systemd (WatchdogSec=) that the daemon is alive.
#ifndef DAEMONIZER_SUPERVISION_WATCHDOG_HPP
#define DAEMONIZER_SUPERVISION_WATCHDOG_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/supervision/detail/watchdog_members.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstdlib>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Pings the service manager at half of the time that $WATCHDOG_USEC gives. `daemon.wait()` and
/// `wait_for()` wake for that and ping by themselves. A loop of your own waits for
/// `daemon.descriptor()`, which is readable at that time, too, and calls `daemon.watchdog()`. If
/// the daemon hangs it does not ping, and the manager ends it. Where the variable is not set, is 0,
/// or $WATCHDOG_PID names another process, nobody is pinged. Needs SystemdNotify. It
/// cannot fail a start.
/// Source: sd_watchdog_enabled(3); systemd.service(5), WatchdogSec=.
struct Watchdog {
    template <class Core>
    static constexpr void check() {
        static_assert(
            requires { Core::template in<slots::notify>::speaks_to_manager; },
            "daemonizer: Watchdog needs the notify policy SystemdNotify, which carries its pings");
    }

    using state = detail::WatchdogState;

    struct Read : undoable_step<phase::check> {
        static constexpr const char* name = "watchdog";
        static constexpr bool ends_with_process = true;

        static auto run(const auto& start, const auto& policy) -> bool {
            start.state(policy).half = half_of_the_time(start.host());
            return true;
        }
        static void undo(const auto& host, const auto&, auto& state) { state.close(host); }
        static void drop_launcher_copy(const auto&, const auto&, auto&) {}
    };

    using slot = slots::watchdog;
    using steps = step_list<Read>;
    template <class Base>
    using members = detail::watchdog_members<Base>;

private:
    /// Returns nanoseconds, or 0 where nobody watches.
    static auto half_of_the_time(const auto& host) -> long long {
        const char* const microseconds = std::getenv("WATCHDOG_USEC");
        const char* const process = std::getenv("WATCHDOG_PID");
        if (microseconds == nullptr || (process != nullptr && parse(process) != host.pid()))
            return 0;
        return parse(microseconds) * 1000 / 2;
    }

    /// Returns 0 for a text that is no number, or more than a hundred years.
    static auto parse(const char* text) -> long long {
        constexpr long long longest = 3'155'760'000'000'000;
        long long value = 0;
        for (; *text >= '0' && *text <= '9' && value <= longest; ++text)
            value = value * 10 + (*text - '0');
        return *text == '\0' && value <= longest ? value : 0;
    }
};
static_assert(Policy<Watchdog>);

} // namespace daemonizer

#endif
