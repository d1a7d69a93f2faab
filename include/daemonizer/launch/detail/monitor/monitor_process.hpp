// SPDX-License-Identifier: BSL-1.0
// The process that starts the daemon again: it waits for the first start, then for crashes.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_MONITOR_PROCESS_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_MONITOR_PROCESS_HPP

#include <daemonizer/launch/detail/exiting_launcher.hpp>
#include <daemonizer/launch/detail/monitor/restart_loop.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstring>
#include <type_traits>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Start>
class [[gnu::visibility("hidden")]] MonitorProcess;

/// The launcher takes the monitor for the daemon: the monitor has the pid file's number and both
/// locks, and passes the outcome of the first start on. It never returns to the program, makes its
/// calls without libc where the host knows how, and gives the program's memory back.
template <class Start>
class MonitorProcess {
    using Host = typename Start::leaving::type;
    using Core = std::remove_cvref_t<decltype(std::declval<Start>().core)>;
    static constexpr bool is_raw =
        !std::is_same_v<Host, std::remove_cvref_t<decltype(std::declval<Start>().host())>>;
    static constexpr bool releases_memory =
        is_raw && Start::needs_no_memory && std::is_trivially_copyable_v<Core> &&
        std::is_copy_constructible_v<Core> && sizeof(Core) <= 16 << 10;

public:
    /// `null` is a descriptor of /dev/null, or -1 where the daemon keeps its stdio.
    MonitorProcess(const Start& start, const ReportEnd& launcher, int null)
        : kept_{start}, host_{Start::leaving::of(start.host())}, launcher_{launcher}, null_{null} {
        if constexpr (is_raw)
            detail::bind_symbols();
        kept_.core.each_text([this](const char*& text) { kept_.keep(text); });
    }

    /// Waits for the first start, tells the launcher how it ended, and starts the daemon again
    /// after each crash. Leaves when the daemon has ended for good.
    [[noreturn]] void run(SigchldWatch& watch, ReportEnd report, pid_t daemon) {
        StartupWait<Host, 0> startup{host_, watch, kept_.signals, report, daemon, daemon};
        const auto release = [&] { release_memory([&] { return startup.has_news(); }); };
        // Once the launcher knows, an end of the daemon is a crash.
        const auto announce = [&](pid_t) {
            if (const int error = leave_terminal(); error < 0) {
                kept_.failure.name_step("monitor");
                kept_.failure.describe("/dev/null", -error);
                startup.processes().end_all();
                return false;
            }
            if (launcher_.announce(host_) < 0) {
                startup.processes().end_all(); // nobody was told that it runs
                leave(1);
            }
            if (detail::insist([&] { return report.acknowledge(host_); }) < 0)
                host_.signal(daemon, SIGKILL);
            return true;
        };
        const auto pass_on = [&](Report& word) {
            const char* const text = StatusReport::text_in(word);
            if (StatusReport::is_in(word))
                (void)launcher_.send_status(host_, text);
            else if (StatusReport::is_for_manager(word))
                (void)launcher_.send_for_manager(host_, text, std::strlen(text));
            else
                return false;
            return true;
        };
        // At once: a launcher with a StartTimeout would give up while the monitor ends the rest.
        const auto say_why = [&](const Failure& why) {
            launcher_.send_failed(host_, why);
            launcher_.close(host_);
        };
        if (!startup.wait_for_outcome(
                kept_.failure, release, pass_on,
                Outcome<decltype(announce), decltype(say_why)>{announce, say_why}))
            fail(kept_.failure);
        report.close(host_);
        launcher_.close(host_);
        release_memory([] { return false; });
        leave(RestartLoop<Host, Core, Start::seconds()>{host_, kept_.core, watch, kept_.signals,
                                                        daemon}
                  .run());
    }

    /// Undoes, and tells the launcher why the first start has failed.
    [[noreturn, gnu::cold]] void fail(const Failure& why) {
        start().undo(host_);
        if (launcher_.fd >= 0)
            launcher_.send_failed(host_, why);
        host_.leave_at_once(why.exit_status());
    }

private:
    /// What the monitor does when the first start has succeeded, and when it has failed.
    template <class Announce, class SayWhy>
    struct Outcome {
        const Announce& announce;
        const SayWhy& failed;
        auto operator()(pid_t daemon) const -> bool { return announce(daemon); }
    };

    [[noreturn]] void leave(int status) {
        start().undo(host_);
        host_.leave_at_once(status);
    }

    auto start() -> Start { return {{kept_.core, kept_.failure, &kept_.signals}}; }

    /// Whoever reads the launcher's output waits until nobody has it open.
    /// Returns a negative errno where it has failed.
    auto leave_terminal() -> int {
        int error = 0;
        for (int fd = 0; null_ >= 0 && error >= 0 && fd != 3; ++fd)
            error = host_.duplicate_onto(null_, fd);
        if (null_ >= 0)
            host_.close(null_);
        null_ = -1;
        return error;
    }

    template <class Stop>
    void release_memory([[maybe_unused]] Stop stop) {
        if constexpr (releases_memory) {
            constexpr unsigned long large = 64UL << 10;
            using Monitoring = typename Core::template in<slots::monitor>;
            const FirstStart& first = kept_.core.template state<Monitoring>().first;
            detail::release_memory(host_, large, stop, [&](auto& mappings) {
                mappings.leave_out_all_around(this);
                mappings.leave_out(first.memory, first.size);
                const auto keep = [&](const char* text) {
                    mappings.leave_out(text, std::strlen(text) + 1);
                };
                kept_.core.each_text(keep);
                RestartLog<Host, Core>::each_text(kept_.core, keep);
            });
        }
    }

    std::conditional_t<releases_memory, LauncherCopies<Core>, LauncherOriginals<Core>> kept_;
    std::conditional_t<is_raw, Host, const Host&> host_;
    ReportEnd launcher_;
    int null_;
};

} // namespace daemonizer::detail

#endif
