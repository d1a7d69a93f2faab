// SPDX-License-Identifier: BSL-1.0
// The process between launcher and daemon that starts the daemon again when it crashes.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_PROCESS_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_PROCESS_HPP

#include <daemonizer/launch/detail/exiting_launcher.hpp>
#include <daemonizer/launch/detail/restart_loop.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <fcntl.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Start>
class [[gnu::visibility("hidden")]] MonitorProcess;

/// The launcher knows it as the daemon: it has the pid file's number and both locks, and passes the
/// outcome of the first start on. It never returns to the program, makes its calls without libc
/// where the host knows how, and gives the program's memory back.
template <class Start>
class MonitorProcess {
    using Host = typename Start::leaving::type;
    using Core = std::remove_cvref_t<decltype(std::declval<Start>().core)>;
    static constexpr bool is_raw =
        !std::is_same_v<Host, std::remove_cvref_t<decltype(std::declval<Start>().host())>>;
    static constexpr bool lets_go = is_raw && Start::needs_no_memory &&
                                    std::is_trivially_copyable_v<Core> &&
                                    std::is_copy_constructible_v<Core> && sizeof(Core) <= 16 << 10;

public:
    MonitorProcess(const Start& start, const ReportEnd& launcher, int null)
        : kept_{start}, host_{Start::leaving::of(start.host())}, launcher_{launcher}, null_{null} {
        if constexpr (is_raw)
            detail::bind_symbols();
        kept_.core.each_text([this](const char*& text) { kept_.keep(text); });
    }

    [[noreturn]] void attend(SigchldWatch& watch, ReportEnd report, pid_t daemon) {
        StartupWait<Host, 0> witness{host_, watch, kept_.signals, report, daemon, daemon};
        const auto let_go = [&] { give_memory_back([&] { return witness.has_news(); }); };
        // Once the launcher knows, an end of the daemon is a crash.
        const auto announce = [&](pid_t) {
            leave_terminal();
            if (launcher_.announce(host_) < 0) {
                witness.processes().end_all(); // nobody was told that it runs
                leave(1);
            }
            if (detail::insist([&] { return report.acknowledge(host_); }) < 0)
                host_.signal(daemon, SIGKILL);
            return true;
        };
        const auto pass_on = [&](const char* text) { (void)launcher_.send_status(host_, text); };
        if (!witness.attend(kept_.failure, let_go, pass_on, announce))
            fail();
        report.close(host_);
        launcher_.close(host_);
        give_memory_back([] { return false; });
        leave(RestartLoop<Host, Core, Start::seconds()>{host_, kept_.core, watch, kept_.signals,
                                                        daemon}
                  .run());
    }

    /// As the daemon of a start does whose step has failed.
    [[noreturn, gnu::cold]] void fail() {
        start().undo(host_);
        launcher_.send_failed(host_, kept_.failure);
        host_.leave_at_once(kept_.failure.exit_status());
    }

private:
    [[noreturn]] void leave(int status) {
        start().undo(host_);
        host_.leave_at_once(status);
    }

    auto start() -> Start { return {{kept_.core, kept_.failure, &kept_.signals}}; }

    /// Who reads what the launcher writes waits for the end of all who could.
    void leave_terminal() {
        for (int fd = 0; null_ >= 0 && fd != 3; ++fd)
            host_.duplicate_onto(null_, fd);
        if (null_ >= 0)
            host_.close(null_);
        null_ = -1;
    }

    template <class Stop>
    void give_memory_back([[maybe_unused]] Stop stop) {
        if constexpr (lets_go) {
            using Monitoring = typename Core::template in<slots::monitor>;
            const FirstStart& first = kept_.core.template state<Monitoring>().first;
            detail::release_memory(host_, stop, [&](const auto& piece) {
                bool needed = piece.has(this) || piece.has(first.memory);
                kept_.core.each_text([&](const char* text) { needed = needed || piece.has(text); });
                return needed;
            });
        }
    }

    std::conditional_t<lets_go, LauncherCopies<Core>, LauncherOriginals<Core>> kept_;
    std::conditional_t<is_raw, Host, const Host&> host_;
    ReportEnd launcher_;
    int null_;
};

struct [[gnu::visibility("hidden")]] MonitorParts;

/// What monitor and daemon need of each other before they part.
struct MonitorParts {
    ReportEnd to_monitor, report;
    SigchldWatch watch;
    int null = -1;

    /// `Record`: the steps of the pid policy. False when one has failed.
    template <class Record, class Start>
    auto prepare(const Start& start) -> bool {
        const auto& host = start.host();
        if (!Record::run(start))
            return false;
        const char* what;
        if (const int error = watch.begin<false>(host, what); error < 0)
            return start.fail_step("monitor", what, error);
        if constexpr (Start::template in<slots::stdio>::replaces) {
            null = detail::above_stdio(host, host.open(AT_FDCWD, "/dev/null", O_RDWR | O_CLOEXEC));
            if (null < 0)
                return start.fail_step("monitor", "/dev/null", null);
        }
        const int error = detail::open_report(host, to_monitor, report);
        return error >= 0 || start.fail_step("monitor", "socketpair", error);
    }

    /// In the daemon, which leads a group of its own: what it sends to that is not the monitor's.
    template <class Start>
    void become_daemon(const Start& start, pid_t monitor) {
        using Fork = typename Start::template in<slots::fork>;
        const auto& host = start.host();
        auto& detached = start.core.template state<Fork>();
        to_monitor.close(host);
        detached.report.close(host);
        if (null >= 0)
            host.close(null);
        detached.report = report;
        detached.daemon = host.pid();
        host.lead_group();
        if (detail::die_with(host, monitor) < 0)
            host.leave_at_once(1);
        detail::restore_signals(start, watch);
    }
};

/// The monitor lets go of what it has inherited and the composition does not keep, and of what
/// would be closed on exec, such as a listener that the program opens anew in each start.
template <class Close, class Start>
void close_in_monitor(const Start& start) {
    const auto& host = start.host();
    Failure ignored; // the daemon does the same, and says why it fails
    using Core = std::remove_cvref_t<decltype(start.core)>;
    static_cast<void>(Close::run(StepContext<Core>{start.core, ignored}));
    const auto& kept = start.template option<slots::descriptors>();
    const auto close = [&host](int fd) {
        if (fd > 2 && (host.descriptor_flags(fd) & ~FD_CLOEXEC) == 0 &&
            host.descriptor_flags(fd) > 0)
            host.close(fd);
    };
    if constexpr (requires { kept.each_descriptor(close); })
        kept.each_descriptor(close);
}

/// Makes this process, which a fork policy has detached, the monitor: it records itself, forks the
/// daemon and never returns. Returns in the daemon. `Steps`: those that are the monitor's.
template <class Steps, class Start>
void part_from_monitor(const Start& start) {
    const auto& host = start.host();
    auto& own = start.core.template state<typename Start::template in<slots::monitor>>();
    auto& detached = start.core.template state<typename Start::template in<slots::fork>>();
    own.monitor = detached.daemon;
    if constexpr (Start::template in<slots::signals>::keeps)
        start.signals->begin(host, true);
    MonitorParts parts;
    const bool prepared = parts.template prepare<typename Steps::record>(start);
    const pid_t child = prepared ? host.fork() : 0;
    if (prepared && child == 0)
        return parts.become_daemon(start, own.monitor);
    if (child < 0)
        start.fail_step("fork", "the monitor's", child);
    MonitorProcess<Start> process{start, detached.report, parts.null};
    if (child <= 0)
        process.fail();
    parts.report.close(host);
    own.spare(parts.to_monitor.fd, parts.null);
    detail::close_in_monitor<typename Steps::close>(start);
    process.attend(parts.watch, parts.to_monitor, child);
}

} // namespace daemonizer::detail

#endif
