// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_PARTING_HPP
#define DAEMONIZER_DETAIL_PARTING_HPP

#include <daemonizer/detail/child_watch.hpp>
#include <daemonizer/detail/report.hpp>

#include <sys/types.h>

namespace daemonizer::detail {

struct [[gnu::visibility("hidden")]] Parting;

/// What launcher and daemon still have to do with each other: the report, and how the launcher's
/// signals were.
struct Parting {
    ReportEnd launcher, daemon;
    ChildWatch watch;

    /// False when the step has failed; then nothing is left of it. `Adopts` is ChildWatch's.
    template <bool Adopts, class Start>
    auto begin(const Start& start) -> bool {
        const auto& host = start.host();
        host.flush(); // what cannot be written now stays buffered, and the daemon writes it
        if (const int error = open_report(host, launcher, daemon); error < 0)
            return start.fail_step("report", "socketpair", error);
        constexpr bool leaves = !Start::launcher_returns;
        if (const int error = watch.begin<Adopts, leaves>(host); error < 0) {
            close(host);
            return start.fail_step("report", "signals", error);
        }
        return true;
    }

    /// Back to before begin(), in the launcher.
    template <class Host>
    void cancel(const Host& host) {
        close(host);
        watch.end(host, true);
    }

private:
    template <class Host>
    void close(const Host& host) {
        launcher.close(host);
        daemon.close(host);
    }
};

/// What a fork policy remembers.
struct Parted {
    ReportEnd report; ///< the daemon's end, open until ready; in the launcher not open
    pid_t daemon = 0; ///< its pid; not known in the intermediate

    void each_descriptor(auto keep) const { keep(report.fd); }
};

/// Tells the launcher why there is no daemon, and leaves: between launcher and daemon.
template <class Start, class Host>
[[noreturn, gnu::cold, gnu::noinline, gnu::visibility("hidden")]] void
give_up(const Start& start, const Host& host, const ReportEnd& report, const char* step,
        const char* what, int error) {
    start.fail_step(step, what, error);
    report.send_failed(host, start.failure);
    host.leave_at_once(1);
}

} // namespace daemonizer::detail

#endif
