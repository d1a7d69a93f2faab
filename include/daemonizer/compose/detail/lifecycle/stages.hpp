// SPDX-License-Identifier: BSL-1.0
// How far a start has come, and which of its processes this is.
#ifndef DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_STAGES_HPP
#define DAEMONIZER_COMPOSE_DETAIL_LIFECYCLE_STAGES_HPP

#include <daemonizer/compose/detail/plan.hpp>
#include <daemonizer/compose/start/start_context.hpp>
#include <daemonizer/system/abi.hpp>

#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds what a handle holds: all that the start has, and its stage. The classes of this folder
/// derive from it one after the other; lifecycle.hpp has the last.
template <class... Policies>
class Stages {
protected:
    using core_type = StartData<Policies...>;
    using plan = Plan<Policies...>;
    using Fork = typename core_type::template in<slots::fork>;
    using Stdio = typename core_type::template in<slots::stdio>;

    /// `shown` is `starting`, where this process itself has put a line of status() on the terminal.
    enum class stage : unsigned char { nothing, launcher, starting, shown, ready, failed };
    static constexpr bool shows_status = !Fork::detaches || core_type::may_stay;

    explicit Stages(const Options<Policies...>& options) : core_{options} {}
    Stages(Stages&& other) noexcept
        : core_{std::move(other.core_)}, stage_{std::exchange(other.stage_, stage::nothing)} {}
    /// The handle that is assigned to must have given back what it held.
    auto operator=(Stages&& other) noexcept -> Stages& {
        core_ = std::move(other.core_);
        stage_ = std::exchange(other.stage_, stage::nothing);
        return *this;
    }

    /// Whether this is the daemon itself, before ready. A forked worker that returns from the body
    /// must not report.
    [[gnu::always_inline]] auto is_starting() -> bool {
        if constexpr (!Fork::detaches)
            return stage_ == stage::starting || stage_ == stage::shown;
        else
            return is_starting_daemon();
    }
    /// Whether it is not ready, or the body has said that it never will be.
    [[gnu::always_inline]] auto has_not_started() -> bool {
        if constexpr (!Fork::detaches)
            return stage_ != stage::ready;
        else
            return stage_ == stage::failed || is_starting();
    }
    auto is_daemon_itself() -> bool {
        if constexpr (Fork::detaches)
            return core_.host().pid() == core_.template state<Fork>().daemon;
        else
            return true;
    }

    [[no_unique_address]] core_type core_;
    stage stage_ = stage::nothing;

private:
    auto is_starting_daemon() -> bool {
        return (stage_ == stage::starting || (shows_status && stage_ == stage::shown)) &&
               is_daemon_itself();
    }
};

} // namespace daemonizer::detail

#endif
