// SPDX-License-Identifier: BSL-1.0
// The terminal of a start: what stderr was, until ready, and the line that says how far it is.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_TERMINAL_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_TERMINAL_HPP

#include <daemonizer/compose/detail/lifecycle/stages.hpp>
#include <daemonizer/compose/start/status_line.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

template <class... Policies>
class Terminal : protected Stages<Policies...> {
    using base = Stages<Policies...>;

protected:
    using base::base;
    using base::core_;
    using base::shows_status;
    using base::stage_;
    using typename base::core_type;
    using typename base::Fork;
    using typename base::stage;
    using host_type = typename core_type::template in<slots::host>;
    using typename base::Stdio;

    /// The starter's, until ready.
    auto old_stderr() -> int {
        if constexpr (Stdio::replaces)
            if (const int terminal = core_.template state<Stdio>().terminal; terminal >= 0)
                return terminal;
        return 2;
    }

    void close_terminal() { core_.template state<Stdio>().close_terminal(core_.host()); }

    /// A step has failed, and no launcher says so: this process does, or its program after start(),
    /// on what stderr was.
    void take_stderr_back() {
        if constexpr (Stdio::replaces) {
            const int terminal = core_.template state<Stdio>().terminal;
            if (terminal >= 0)
                core_.host().duplicate_onto(terminal, 2);
            close_terminal();
        }
    }

    /// In the launcher, where there is one, else here.
    template <bool>
    void show_status(const char* text) {
        if constexpr (Fork::detaches)
            if (!core_.stays())
                return core_.template state<Fork>().say_status(core_.host(), text);
        if constexpr (shows_status) {
            stage_ = stage::shown;
            detail::show_status<host_type> = detail::write_status_line<host_type>;
            detail::show_status<host_type>(core_.host(), old_stderr(),
                                           program_invocation_short_name, text);
        }
    }

    /// Removes the line that shows a status, in a start without a fork. Else the launcher does it.
    [[gnu::always_inline]] void remove_status_line() {
        if constexpr (shows_status)
            if (stage_ == stage::shown)
                remove_shown_line();
    }

private:
    [[gnu::cold, gnu::noinline]] void remove_shown_line() {
        detail::show_status<host_type>(core_.host(), old_stderr(), nullptr, nullptr);
        stage_ = stage::starting;
    }
};

} // namespace daemonizer::detail

#endif
