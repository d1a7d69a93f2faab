// SPDX-License-Identifier: BSL-1.0
// The daemon's log in the child of a monitor, before that executes the program.
#ifndef DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_LOG_HPP
#define DAEMONIZER_LAUNCH_DETAIL_MONITOR_RESTART_LOG_HPP

#include <daemonizer/compose/failure.hpp>
#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/start/options.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/signal_bits.hpp>
#include <daemonizer/system/toolchain/first_start.hpp>

#include <concepts>
#include <signal.h>
#include <sys/types.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class Host, class Core>
class [[gnu::visibility("hidden")]] RestartLog;

/// A program that ends before it has opened its log, for a library that is missing or in a static
/// constructor, speaks on the stdout and stderr that it was executed with. In the monitor these are
/// /dev/null. So its child opens the log as the daemon's start does, by the policy's path, in the
/// starter's directory, and with the same trust; or it connects to the journal. The daemon's own
/// descriptor would not tell: it may name a file that was rotated since, or be in a chroot.
template <class Host, class Core>
class RestartLog {
    using Stdio = typename Core::template in<slots::stdio>;
    using Sink = typename log_sink_of<Core>::type;

public:
    RestartLog(const Host& host, Core& core) : host_{host}, core_{core} {}

    /// Opens the log as stdout and stderr, and writes the reason of the restart there. True where
    /// that is done, and where the daemon would write the same line at the same place.
    [[gnu::cold]] auto take(const Failure& reason, const FirstStart& first) -> bool {
        if (!open())
            return false;
        const bool is_said = write(reason, first);
        // Takes the SIGPIPE of a stream that nobody reads: it is held back, and would end the
        // program.
        host_.take_signal(detail::only_signal(SIGPIPE));
        return is_said;
    }

    /// Calls `keep(text)` for each text that this reads.
    template <class Keep>
    static void each_text(const Core& core, Keep keep) {
        if constexpr (reopens)
            core.template option<Stdio>().each_text(keep);
    }

private:
    static constexpr bool reopens =
        requires(typename state_type<Stdio>::type & state, const Host& host, const Stdio& policy) {
        { state.reopen(host, policy) } -> std::same_as<const char*>;
        policy.each_text([](const char*) {});
    };

    /// Opens the log on stdout and stderr. If that fails, both stay what they are.
    auto open() -> bool {
        if constexpr (!Stdio::replaces) {
            return true; // the starter's
        } else if constexpr (reopens) {
            using Mask = typename Core::template in<slots::umask>;
            auto& state = core_.template state<Stdio>();
            const Stdio& policy = core_.template option<Stdio>();
            if constexpr (requires { Mask::mask; }) { // the log may have to be made
                const mode_t before = host_.set_umask(Mask::mask);
                const bool is_open = state.reopen(host_, policy) == nullptr;
                host_.set_umask(before); // of the first start, which is to be repeated
                return is_open;
            } else {
                return state.reopen(host_, policy) == nullptr;
            }
        } else {
            return false;
        }
    }

    auto write(const Failure& reason, const FirstStart& first) -> bool {
        if constexpr (requires { requires Sink::is_on_stderr; }) {
            detail::write_failure<Sink>(host_, core_, reason);
            return true;
        } else {
            const FailureLine line{reason, name_in(first)};
            const long written = host_.write(2, line.text(), line.size());
            return std::is_void_v<Sink> && written == static_cast<long>(line.size());
        }
    }

    /// As libc has it, which may have no memory any more.
    static auto name_in(const FirstStart& first) -> const char* {
        const char* const path = first.arguments[0] != nullptr ? first.arguments[0] : first.path;
        const char* name = path;
        for (const char* at = path; *at != '\0'; ++at)
            name = *at == '/' ? at + 1 : name;
        return name;
    }

    const Host& host_;
    Core& core_;
};

} // namespace daemonizer::detail

#endif
