// SPDX-License-Identifier: BSL-1.0
// The end of a daemon, which gives back what its start has acquired.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_ENDING_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_ENDING_HPP

#include <daemonizer/compose/detail/lifecycle/complaints.hpp>
#include <daemonizer/compose/detail/lifecycle/monitored.hpp>
#include <daemonizer/compose/event.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Running's destructor calls finish(): between both are the members that policies bring, whose
/// destructors then are trivial and leave no code behind.
template <class... Policies>
class Ending : protected Complaints<Policies...> {
    using base = Complaints<Policies...>;

protected:
    using base::base;
    using base::core_;
    using base::is_daemon_itself;
    using base::is_starting;
    using base::stage_;
    using base::tell;
    using typename base::core_type;
    using typename base::plan;
    using typename base::stage;

    Ending(Ending&&) noexcept = default;
    auto operator=(Ending&& other) noexcept -> Ending& {
        if (this != &other) {
            finish(1);
            base::operator=(static_cast<base&&>(other));
        }
        return *this;
    }

    /// Gives everything back; a daemon that never was ready reports that afterwards. Inlined, so
    /// that a handle which is known to hold nothing costs nothing.
    [[gnu::always_inline]] void finish(int status) {
        if (stage_ == stage::nothing || stage_ == stage::launcher)
            return;
        const bool was_starting = is_starting();
        tell_stopping(status);
        undo();
        if (was_starting)
            tell_end(status);
        stage_ = stage::nothing;
    }

    void give_back([[maybe_unused]] int status) {
        tell_stopping(status);
        undo();
        stage_ = stage::nothing;
    }

    /// In a daemon that could not report that it is ready.
    void abandon(int error) {
        Failure failure;
        failure.name_step("daemon");
        failure.describe(error == -EINTR ? "not ready, the launcher is silent, and a signal came"
                                         : "not ready, the launcher is gone",
                         -error);
        this->complain(failure);
        stage_ = stage::failed;
        finish(1);
        core_.host().leave(1);
    }

private:
    [[gnu::cold]] void tell_end(int status) {
        Failure failure;
        failure.name_step("daemon");
        failure.describe("ended before it was ready", "status ", 0, status).number(status);
        tell(failure);
    }

    /// Tells the policies that the daemon ends, before they give back what they hold. A worker that
    /// has inherited the handle tells nothing.
    void tell_stopping([[maybe_unused]] int status) {
        if constexpr (core_type::template wants<event::stopping>) {
            bool may_return = false;
            if constexpr (is_monitored<core_type>)
                may_return = (status & 0xff) != 0 && !core_.stays();
            if (stage_ == stage::ready && is_daemon_itself())
                core_.tell_in_reverse(core_.host(), event::stopping{may_return});
        }
    }

    void undo() {
        plan::in_daemon::undo(core_, core_.host());
        plan::in_launcher::undo(core_, core_.host());
    }
};

} // namespace daemonizer::detail

#endif
