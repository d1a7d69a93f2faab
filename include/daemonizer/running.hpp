// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_RUNNING_HPP
#define DAEMONIZER_RUNNING_HPP

#include <daemonizer/detail/dispositions.hpp>
#include <daemonizer/detail/handle.hpp>

#include <sys/types.h>
#include <type_traits>

namespace daemonizer {

/// A started daemon: what the body is handed and `start()` returns. Owns what the start acquired
/// and gives it back when destroyed. Move-only. Its functions are the daemon's and not
/// async-signal-safe; in the launcher only `is_launcher()` and `pid()` mean something.
template <class... Policies>
class Running : detail::Handle<Policies...> {
    using handle = detail::Handle<Policies...>;
    using typename handle::core_type;
    using typename handle::Fork;
    using typename handle::Log;
    using typename handle::stage;
    using typename handle::Stdio;
    using Signals = typename core_type::template in<slots::signals>;
    using handle::abandon;
    using handle::complain;
    using handle::core_;
    using handle::is_starting;
    using handle::stage_;
    using handle::tell;

    static constexpr bool collects = requires(core_type & core) {
        Signals::wait(core.host(), core.template state<Signals>(), 0LL);
    };

public:
    using handle::handle;
    Running(Running&&) noexcept = default;
    auto operator=(Running&&) noexcept -> Running& = default;
    [[gnu::always_inline]] ~Running() {} // what holds nothing leaves no code behind

    /// True in the process that the user started, which should now leave by `_exit(0)`.
    auto is_launcher() const -> bool { return stage_ == stage::launcher; }

    /// The daemon's process id.
    auto pid() -> pid_t {
        if constexpr (Fork::detaches)
            if (is_launcher())
                return core_.template state<Fork>().daemon;
        return core_.host().pid();
    }

    /// The start is complete: the launcher leaves with 0. Returns once the launcher knows. If it
    /// has died instead, the start is undone and the daemon leaves: nobody was told that it runs.
    /// `status` goes to a notify policy where there is one. A second call does nothing.
    void ready([[maybe_unused]] const char* status = nullptr) {
        if (!is_starting())
            return;
        if constexpr (Fork::detaches) {
            auto& report = core_.template state<Fork>().report;
            const int error = report.announce(core_.host());
            report.close(core_.host());
            if (error < 0)
                abandon(error);
        } else if constexpr (Stdio::replaces) {
            this->close_terminal();
        }
        stage_ = stage::ready;
    }

    /// The start has failed: the launcher says `why` and leaves with `status` (1 for 0). After
    /// ready it goes to syslog where the composition has it, else to stderr. Returns `status`, for
    /// the body to return.
    auto fail(int status, const char* why) -> int {
        Failure failure;
        failure.name_step("daemon");
        failure.describe(is_starting() ? "not ready" : "failed", why, 0, status);
        tell(failure);
        return status;
    }

    /// Waits for a signal that the composition collects and returns its number; a negative errno
    /// where waiting is impossible.
    auto wait() -> int {
        static_assert(
            collects,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return wait_nanoseconds(-1);
    }

    /// As wait(), for a time (any std::chrono::duration, or what has its members); 0 at its end.
    template <class Duration>
    auto wait_for(const Duration& time) -> int {
        static_assert(
            collects,
            "daemonizer: wait() needs a signal policy that collects (SignalFd, SignalFlag)");
        return wait_nanoseconds(detail::nanoseconds(time));
    }

    /// Readable when a collected signal is pending, for poll, epoll and their like.
    auto descriptor() -> int {
        constexpr bool has_one = requires { core_.template state<Signals>().fd; };
        static_assert(has_one, "daemonizer: descriptor() needs the signal policy SignalFd");
        if constexpr (has_one)
            return core_.template state<Signals>().fd;
        else
            return -1;
    }

    /// Opens the log files anew, after a rename. On an error (which is said) the old ones stay.
    auto reopen() -> bool {
        auto& state = core_.template state<Stdio>();
        const auto& policy = core_.template option<Stdio>();
        constexpr bool has_files = requires { state.reopen(core_.host(), policy); };
        static_assert(has_files,
                      "daemonizer: reopen() needs a stdio policy with files (LogStdio, FileStdio)");
        const char* why = nullptr;
        if constexpr (has_files)
            why = state.reopen(core_.host(), policy);
        if (why == nullptr)
            return true;
        Failure failure;
        failure.name_step("stdio");
        failure.describe("reopen", why);
        complain(failure);
        return false;
    }

    /// Whether HandoffFork has handed the launcher's memory over, or was DoubleFork here.
    auto handed_over() -> bool {
        constexpr bool may = requires { core_.template state<Fork>().handed_over; };
        static_assert(may, "daemonizer: handed_over() needs the fork policy HandoffFork");
        if constexpr (may)
            return core_.template state<Fork>().handed_over;
        else
            return false;
    }

    /// Sends one message to syslog(3), at LOG_ERR, LOG_INFO...
    void log(int priority, const char* text) {
        static_assert(!std::is_void_v<Log>, "daemonizer: log() needs the policy Syslog");
        core_.host().log(priority, text);
    }

private:
    template <class...>
    friend class Composition;

    auto wait_nanoseconds(long long limit) -> int {
        if constexpr (collects)
            return Signals::wait(core_.host(), core_.template state<Signals>(), limit);
        else
            return static_cast<int>(limit); // refused by wait()
    }
};

} // namespace daemonizer

#endif
