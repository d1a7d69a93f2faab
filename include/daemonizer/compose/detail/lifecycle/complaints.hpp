// SPDX-License-Identifier: BSL-1.0
// Where a daemon's failures go: before ready to its starter, after it to its log.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_COMPLAINTS_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_COMPLAINTS_HPP

#include <daemonizer/compose/detail/lifecycle/terminal.hpp>
#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/start/print_failure.hpp>
#include <daemonizer/system/abi.hpp>

#include <syslog.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class... Policies>
class Complaints : protected Terminal<Policies...> {
    using base = Terminal<Policies...>;

protected:
    using base::base;
    using base::core_;
    using base::is_daemon_itself;
    using base::is_starting;
    using base::stage_;
    using typename base::core_type;
    using typename base::Fork;
    using typename base::stage;
    using typename base::Stdio;
    using LogSink = typename log_sink_of<core_type>::type;

    /// Reports a failure: before ready to the launcher, or without one to the terminal.
    void tell(const Failure& failure) {
        if constexpr (core_type::template wants<event::failed>)
            if (is_daemon_itself())
                core_.tell(core_.host(),
                           event::failed{failure, is_starting() && core_.has_launcher()});
        if (!is_starting())
            return complain(failure);
        this->remove_status_line();
        stage_ = stage::failed;
        if constexpr (Fork::detaches)
            if (core_.has_launcher())
                return tell_launcher(failure);
        detail::print_failure(core_.host(), this->old_stderr(), failure);
        if constexpr (Stdio::replaces)
            this->close_terminal();
    }

    /// A step has failed in a daemon that was forked.
    [[gnu::always_inline]] void fail_start(const Failure& failure) {
        stage_ = stage::starting;
        tell(failure);
        core_.host().leave_at_once(failure.exit_status());
    }

    /// Writes a failure to the policy that takes the daemon's lines, else to stderr.
    void complain(const Failure& failure) {
        if constexpr (!std::is_void_v<LogSink>)
            detail::write_failure<LogSink>(core_.host(), core_, failure);
        else
            detail::print_failure(core_.host(), 2, failure);
    }
    void write_line(int priority, const char* text) {
        LogSink::write_line(core_.host(), core_.template option<LogSink>(),
                            core_.template state<LogSink>(), priority, text);
    }

    /// Says that a worker's ready() reports nothing: no other process may be there to say it.
    void complain_of_worker() {
        if constexpr (Fork::detaches) {
            if (stage_ != stage::starting || !core_.has_launcher())
                return;
            Failure failure;
            failure.name_step("daemon");
            failure.describe("ready", "not reported, since a worker said it: pid ")
                .number(core_.host().pid());
            complain(failure);
        }
    }

private:
    void tell_launcher(const Failure& failure) {
        auto& end = core_.template state<Fork>().report;
        if (end.send_failed(core_.host(), failure) < 0)
            complain(failure);
        end.close(core_.host());
    }
};

} // namespace daemonizer::detail

#endif
