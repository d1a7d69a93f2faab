// SPDX-License-Identifier: BSL-1.0
// Why a monitor starts its daemon again, in words.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_REASON_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_REASON_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/error_text.hpp>
#include <daemonizer/system/line_writer.hpp>

#include <signal.h>
#include <sys/wait.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

class [[gnu::visibility("hidden")]] RestartReason;

/// The line that the restarted daemon writes into its log. The monitor writes its first half when
/// the daemon has ended, and its second when it knows what it does about that.
class RestartReason {
public:
    RestartReason() { reason_.name_step("monitor"); }
    RestartReason(const RestartReason&) = delete;
    auto operator=(const RestartReason&) -> RestartReason& = delete;

    /// Describes the end of a daemon that was ready, or has not said why it was not.
    [[gnu::cold]] void ended(const siginfo_t& how) {
        if (how.si_code == CLD_EXITED)
            describe("daemon", "has ended with status ").number(how.si_status);
        else
            describe("daemon", "was killed: ")
                .text(detail::signal_text(how.si_status))
                .text(", signal ")
                .number(how.si_status);
    }
    [[gnu::cold]] void not_started(const Failure& failure) {
        describe("daemon not started", failure.step()).text(": ").text(failure.text());
    }
    [[gnu::cold]] void not_started(int error) {
        describe("daemon not started", detail::error_text(error));
    }
    [[gnu::cold]] void not_ready(int seconds) {
        describe("daemon", "not ready after ").number(seconds).text(" s, and ended");
    }
    [[gnu::cold]] void add(const char* text, long long number) { rest_.text(text).number(number); }

    auto failure() const -> const Failure& { return reason_; }

private:
    auto describe(const char* what, const char* why) -> LineWriter& {
        return rest_ = reason_.describe(what, why);
    }

    Failure reason_;
    char nothing_[1];
    LineWriter rest_{nothing_, sizeof nothing_}; ///< goes on with the reason's text
};

} // namespace daemonizer::detail

#endif
